internal import Foundation
public import SweepProtocol
public import Sweeps

/// A sweep as its parts for a coordinator.
public struct SweepSubmission: Sendable {
  private let id = UUID().uuidString.lowercased()
  private let sweep: Sweep

  public init(_ sweep: Sweep) { self.sweep = sweep }

  /// Sends the sweep part by part.
  ///
  /// - Parameter ask: sends a request, and returns its reply.
  /// - Throws: `CoordinatorError.refused`, and what `ask` throws.
  public func send(_ ask: (ClientRequest) throws -> ClientReply) throws -> SubmitReceipt {
    guard sweep.name.utf8.count <= 255, sweep.source.utf8.count <= SubmittedSweep.longestSource else {
      throw CoordinatorError.refused(
        "\(sweep.name.prefix(100)): a name of 255 bytes and a file of \(SubmittedSweep.longestSource) can be submitted"
      )
    }
    func part(_ part: SubmitPart) throws -> SubmitReceipt {
      switch try ask(.submit(part)) {
      case .received(let receipt): return receipt
      case .refused(let line): throw CoordinatorError.refused(line)
      case .status, .shuttingDown, .done: throw CoordinatorError.refused("the answer is none to a submission")
      }
    }
    _ = try part(
      .sweep(
        SubmittedSweep(
          program: ProgramVersion.current, submission: id, name: sweep.name, description: sweep.description,
          source: sweep.source, trials: sweep.trials.count)))
    var offset = 0
    while offset < sweep.trials.count {
      let chunk = chunk(at: offset)
      _ = try part(.trials(SubmittedTrials(submission: id, offset: offset, trials: chunk)))
      offset += chunk.count
    }
    return try part(.end(submission: id))
  }

  /// As many trials as one part holds; one at least.
  private func chunk(at offset: Int) -> [SubmittedTrial] {
    var chunk: [SubmittedTrial] = []
    var bytes = 0
    for trial in sweep.trials[offset...].prefix(SubmittedTrials.most) {
      let json = trial.canonicalJSON
      bytes += json.utf8.count
      if bytes > SubmittedTrials.mostBytes, !chunk.isEmpty { break }
      chunk.append(SubmittedTrial(id: trial.id, label: trial.label, configuration: json))
    }
    return chunk
  }
}
