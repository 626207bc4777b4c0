import Sweeps
import Testing

@testable import SweepProtocol

/// The hand-written coding of snapshots and chunks against the generated one.
@Suite struct PlainCodingTests {
  static var envelopes: [WorkerEnvelope] {
    var large = Samples.snapshot
    large.layers = Array(repeating: large.layers, count: 20).flatMap { $0 }
    for index in large.layers.indices { large.layers[index].draw = index }
    var cyrillic = Samples.snapshot
    cyrillic.layers[0].layer = "слой"
    return [Snapshot(), Samples.snapshot, large, cyrillic].enumerated().map { index, snapshot in
      WorkerEnvelope(
        worker: Samples.worker, sequence: UInt64(index) + 1, message: .snapshot(Samples.attempt, snapshot))
    }
  }

  @Test(arguments: envelopes.indices) func bytesAreThoseOfTheGeneratedCode(index: Int) throws {
    let envelope = Self.envelopes[index]
    let bytes = Wire.encode(envelope)
    #expect(bytes == Wire.encodeGenerated(envelope))
  }

  @Test func plainSnapshotsTakeTheShortWay() throws {
    for envelope in Self.envelopes.prefix(3) {
      let bytes = Wire.encode(envelope)
      let read = try #require(Wire.snapshotDelivery(bytes))
      // NaN differs from itself; bytes do not.
      #expect(Wire.encode(read) == bytes)
    }
    #expect(Wire.snapshotDelivery(Wire.encode(Self.envelopes[3])) == nil)
  }

  static var chunks: [CheckpointRequestEnvelope] {
    [(0, 0), (0, 1), (1, 0), (127, 200), (128, 20_000), (1 << 33, CheckpointLimits.chunk)].map {
      (offset: Int, count: Int) in
      CheckpointRequestEnvelope(
        worker: Samples.worker, transfer: UInt64(offset),
        request: .chunk(offset: offset, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }))
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
    var state: UInt64 = 0xc0de
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
      guard let short = Wire.chunk(bytes) else { continue }
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
      guard let short = Wire.snapshotDelivery(bytes) else { continue }
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
