internal import Sweeps

// The end of an attempt without the generated code, as `PlainSnapshot`.

extension PlainWriter {
  /// A `WorkerEnvelope` after its frame's header.
  static func bytes(
    after header: [UInt8], worker: String, sequence: UInt64, _ report: AttemptReport
  ) -> [UInt8] {
    let limit = 16 * overhead + worker.utf8.count + size(of: report)
    return bytes(after: header, atMost: limit) { writer in
      writer.add(1, worker)
      writer.add(2, sequence)
      writer.add(6) { $0.add(report) }
    }
  }

  /// Bytes at most, without some of its tags and lengths.
  private static func size(of report: AttemptReport) -> Int {
    var size = report.attempt.trial.utf8.count + Self.size(of: report.detail, upTo: TextLimit.detail)
    switch report.ending {
    case .result(_, let weights): size += weights.utf8.count
    case .failure(let line): size += Self.size(of: line, upTo: TextLimit.line)
    }
    for item in report.algorithms {
      size += 2 * overhead + Self.size(of: item.layer, upTo: TextLimit.name)
      size += Self.size(of: item.algorithm, upTo: TextLimit.name)
    }
    return size
  }

  private mutating func add(_ report: AttemptReport) {
    add(1) { $0.add(report.attempt) }
    switch report.ending {
    case .result(let outcome, let weights):
      add(2) {
        $0.add(1, UInt64(TrialOutcome.numbers[outcome]!))
        $0.add(2, weights)
      }
    case .failure(let line): add(3, present: shortened(line, to: TextLimit.line))
    }
    add(4, report.seconds)
    for item in report.algorithms {
      add(5) {
        $0.add(1, UInt64(UInt32(clamping: item.index)))
        $0.add(2, shortened(item.layer, to: TextLimit.name))
        $0.add(3, shortened(item.algorithm, to: TextLimit.name))
      }
    }
    add(6, shortened(report.detail, to: TextLimit.detail))
  }
}

extension PlainReader {
  /// A result; a failure is for the generated decoder.
  mutating func finished() -> WorkerMessage {
    var report = AttemptReport(AttemptID(trial: "", number: 0), .failure(""))
    message {
      report.attempt = $0.attempt(1)
      guard $0.has(2, .bytes) else { return $0.fail() }
      $0.message { report.ending = $0.result() }
      report.seconds = $0.double(4)
      var last = ""
      $0.each(5) {
        let item = LayerAlgorithm(
          index: $0.integer(1, upTo: NumberLimit.layers), layer: $0.text(2, upTo: TextLimit.name),
          algorithm: $0.text(3, upTo: TextLimit.name, like: last))
        last = item.algorithm
        report.algorithms.append(item)
      }
      report.detail = $0.text(6, upTo: TextLimit.detail)
    }
    return .finished(report)
  }

  private mutating func result() -> AttemptReport.Ending {
    let number = integer(1, upTo: TrialOutcome.byNumber.count - 1)
    let weights = digest(2)
    guard !failed, let outcome = TrialOutcome.byNumber[number] else {
      fail()
      return .failure("")
    }
    return .result(outcome, weightsSHA256: weights)
  }
}

extension TrialOutcome {
  /// As `Outcome` numbers them; the first is unspecified.
  fileprivate static let byNumber: [TrialOutcome?] = [nil, .completed, .diverged, .vanished]
  fileprivate static let numbers = Dictionary(
    uniqueKeysWithValues: byNumber.enumerated().compactMap { number, outcome in outcome.map { ($0, number) } }
  )
}
