import SweepProtocol
import Testing

@Suite struct MutationTests {
  /// Frames with bytes changed, cut, inserted, or spliced with another's: each is refused with a typed error, or
  /// decodes to a message that encodes and decodes to the same bytes again. No crash, whatever comes.
  @Test func mutatedBytesAreRefusedOrHarmless() {
    let frames = Samples.frames
    var state: UInt64 = 0x5eed
    var refused = 0
    var accepted = 0
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(max(bound, 1)))
    }
    for round in 0..<100_000 {
      var bytes = frames[round % frames.count]
      for _ in 0...next(2) {
        switch next(9) {
        case 0: bytes.removeLast(next(bytes.count))
        case 1: bytes.insert(UInt8(next(256)), at: next(bytes.count + 1))
        case 2:
          let other = frames[next(frames.count)]
          bytes = Array(bytes.prefix(next(bytes.count))) + other.suffix(next(other.count))
        default: if !bytes.isEmpty { bytes[next(bytes.count)] ^= UInt8(1 << next(8)) }
        }
      }
      // Most headers are kept, so that the mutations reach the payload.
      if next(8) > 0 {
        bytes.replaceSubrange(0..<min(7, bytes.count), with: frames[round % frames.count][0..<7])
      }
      do {
        let again = try reencode(bytes)
        #expect(try reencode(again) == again, "round \(round)")
        accepted += 1
      } catch is WireError {
        refused += 1
      } catch {
        Issue.record("round \(round): \(error)")
      }
    }
    #expect(refused > 20_000 && accepted > 10_000)
  }

  /// Decodes with the decoder the header asks for, and encodes what came of it.
  private func reencode(_ bytes: [UInt8]) throws -> [UInt8] {
    switch bytes.count > 4 ? bytes[4] : 0 {
    case 2: return Wire.encode(try Wire.decodeCoordinatorEnvelope(bytes))
    case 4: return Wire.encode(try Wire.decodeClientReply(bytes))
    case 5: return Wire.encode(try Wire.decodeCheckpointRequest(bytes))
    case 6: return Wire.encode(try Wire.decodeCheckpointReply(bytes))
    default:
      switch try Wire.decodeInbound(bytes) {
      case .worker(let envelope): return Wire.encode(envelope)
      case .client(let request): return Wire.encode(request)
      }
    }
  }
}
