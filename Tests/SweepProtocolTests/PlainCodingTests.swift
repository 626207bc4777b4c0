import Sweeps
import Testing

@testable import SweepProtocol

/// The hand-written coding of deliveries and chunks against the generated one.
@Suite struct PlainCodingTests {
  static var plain: [WorkerMessage] {
    var large = Samples.snapshot
    large.layers = Array(repeating: large.layers, count: 20).flatMap { $0 }
    for index in large.layers.indices { large.layers[index].draw = index }
    // Names of equal length at one position, and positions out of order.
    var renamed = large
    for index in renamed.layers.indices {
      renamed.layers[index].index = [0, 1, 1, 3, 2][index % 5]
      renamed.layers[index].layer = "block\(index % 3).conv"
    }
    let results = TrialOutcome.allCases.map { outcome in
      var report = Samples.report(.result(outcome, weightsSHA256: Samples.digest))
      report.algorithms += ["winograd", "jit", "jit", ""].map {
        LayerAlgorithm(index: 2, layer: "conv2", algorithm: $0)
      }
      return report
    }
    return [Snapshot(), Samples.snapshot, large, renamed].map { .snapshot(Samples.attempt, $0) }
      + results.map { .finished($0) } + [idle(beat: 0, wantsTrial: false), idle(beat: 300, wantsTrial: true)]
  }

  private static func idle(beat: UInt64, wantsTrial: Bool) -> WorkerMessage {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = beat
    heartbeat.wantsTrial = wantsTrial
    return .heartbeat(heartbeat)
  }

  /// What the generated decoder alone reads.
  static var others: [WorkerMessage] {
    var cyrillic = Samples.snapshot
    cyrillic.layers[0].layer = "слой"
    var long = Samples.report(.failure(String(repeating: "é", count: 5000)))
    long.detail = String(repeating: "ü", count: 20_000)
    long.algorithms[0].algorithm = String(repeating: "ö", count: 200)
    return [
      .snapshot(Samples.attempt, cyrillic), .finished(long), .finished(Samples.report(.failure(""))),
    ]
  }

  static var envelopes: [WorkerEnvelope] {
    (plain + others).enumerated().map { index, message in
      WorkerEnvelope(
        worker: Samples.worker, sequence: message.isDelivery ? UInt64(index) + 1 : 0, message: message)
    }
  }

  static var exchanges: [CoordinatorEnvelope] {
    let assignments = ["", "FactorizeNet", String(repeating: "é", count: 2000)].map { label in
      Assignment(attempt: Samples.attempt, label: label, configuration: #"{"network":{},"seed":7}"#)
    }
    let messages = [0, 1, 300].map { CoordinatorMessage.acknowledge($0) } + assignments.map { .assign($0) }
    return messages.map {
      CoordinatorEnvelope(coordinator: Samples.worker, worker: Samples.worker, message: $0)
    }
      + [CoordinatorEnvelope(coordinator: Samples.worker, worker: "", message: .acknowledge(1))]
  }

  @Test(arguments: exchanges.indices) func exchangesHaveTheGeneratedBytes(index: Int) throws {
    let envelope = Self.exchanges[index]
    let bytes = Wire.encode(envelope)
    #expect(bytes == Wire.encodeGenerated(envelope))
    let isASCII =
      if case .assign(let it) = envelope.message { it.label.utf8.allSatisfy { $0 < 0x80 } } else { true }
    #expect((Wire.plainExchange(bytes) != nil) == isASCII)
    #expect(try Wire.encode(Wire.decodeCoordinatorEnvelope(bytes)) == bytes)
  }

  @Test func statusHasTheGeneratedBytes() throws {
    var crowded = ClusterStatus()
    for reply in Samples.clientReplies + [.status(ClusterStatus())] {
      #expect(Wire.encode(reply) == Wire.encodeGenerated(reply))
      if case .status(let status) = reply { crowded = crowded.workers.isEmpty ? status : crowded }
    }
    try #require(!crowded.workers.isEmpty && !crowded.running.isEmpty)
    crowded.workers = (0..<300).flatMap { _ in crowded.workers }
    crowded.running = (0..<300).flatMap { _ in crowded.running }
    crowded.workers[0].name = String(repeating: "ñ", count: 300)
    crowded.running[0].progress.phase = .finishing
    let bytes = Wire.encode(ClientReply.status(crowded))
    #expect(bytes == Wire.encodeGenerated(ClientReply.status(crowded)))
  }

  /// 40,000 of the frames, in turn, each with its end cut, a byte put in or a bit turned.
  private static func forEachChanged(
    _ frames: [[UInt8]], seed: UInt64, _ body: (_ round: Int, _ bytes: [UInt8]) -> Void
  ) {
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(max(bound, 1)))
    }
    for round in 0..<40_000 {
      var bytes = frames[round % frames.count]
      let place = 7 + next(bytes.count - 7)
      switch next(3) {
      case 0: bytes.removeLast(min(next(20), bytes.count - 8))
      case 1: bytes.insert(UInt8(next(256)), at: place)
      default: bytes[place] ^= UInt8(1 << next(8))
      }
      body(round, bytes)
    }
  }

  @Test func noExchangeIsTakenThatTheGeneratedDecoderRefuses() throws {
    let frames = Self.exchanges.map { Wire.encode($0) }
    Self.forEachChanged(frames, seed: 0xfeed) { round, bytes in
      guard let short = Wire.plainExchange(bytes) else { return }
      #expect(short == (try? Wire.decodeGeneratedExchange(bytes)), "round \(round)")
    }
  }

  @Test(arguments: envelopes.indices) func bytesAreThoseOfTheGeneratedCode(index: Int) throws {
    let envelope = Self.envelopes[index]
    let bytes = Wire.encode(envelope)
    #expect(bytes == Wire.encodeGenerated(envelope))
  }

  @Test func plainDeliveriesTakeTheShortWay() throws {
    for envelope in Self.envelopes.prefix(Self.plain.count) {
      let bytes = Wire.encode(envelope)
      let read = try #require(Wire.plainWorker(bytes))
      // NaN differs from itself; bytes do not.
      #expect(Wire.encode(read) == bytes)
    }
    for envelope in Self.envelopes.suffix(Self.others.count) {
      #expect(Wire.plainWorker(Wire.encode(envelope)) == nil)
    }
  }

  static var chunks: [CheckpointRequestEnvelope] {
    [(0, 0), (0, 1), (1, 0), (127, 200), (128, 20_000), (1 << 33, CheckpointLimits.chunk)].map {
      (offset: Int, count: Int) in
      CheckpointRequestEnvelope(
        worker: Samples.worker, transfer: UInt64(offset),
        request: .chunk(
          offset: offset, bytes: ArraySlice((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) })))
    }
  }

  @Test(arguments: chunks.indices) func chunksHaveTheGeneratedBytes(index: Int) throws {
    let envelope = Self.chunks[index]
    let bytes = Wire.encode(envelope)
    #expect(bytes == Wire.encodeGenerated(envelope))
    #expect(Wire.chunk(bytes) == envelope)
  }

  @Test func noChunkIsTakenThatTheGeneratedDecoderRefuses() throws {
    let frames = Self.chunks.prefix(4).map { Wire.encode($0) }
    Self.forEachChanged(frames, seed: 0xc0de) { round, bytes in
      guard let short = Wire.chunk(bytes) else { return }
      #expect(short == (try? Wire.decodeGeneratedRequest(bytes)), "round \(round)")
    }
  }

  /// Frames with bytes changed, cut, inserted or repeated: what the short way takes, the generated decoder takes too,
  /// for the same message.
  @Test func nothingIsTakenThatTheGeneratedDecoderRefuses() throws {
    let frames = Self.envelopes.map { Wire.encode($0) }
    var state: UInt64 = 0xbeef
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(max(bound, 1)))
    }
    var taken = 0
    for round in 0..<40_000 {
      var bytes = frames[round % frames.count]
      for _ in 0...next(2) {
        let place = 7 + next(bytes.count - 7)
        switch next(10) {
        case 0: bytes.removeLast(min(next(40), bytes.count - 8))
        case 1: bytes.insert(UInt8(next(256)), at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes += bytes[place..<min(place + next(80), bytes.count)]
        default: bytes[place] ^= UInt8(1 << next(8))
        }
      }
      guard let short = Wire.plainWorker(bytes) else { continue }
      taken += 1
      guard case .worker(let long)? = try? Wire.decodeGenerated(bytes) else {
        Issue.record("round \(round): refused by the generated decoder")
        continue
      }
      #expect(Wire.encodeGenerated(short) == Wire.encodeGenerated(long), "round \(round)")
    }
    #expect(taken > 5000)
  }
}
