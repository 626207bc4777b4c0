import Foundation
import SweepProtocol
import Testing

/// Bytes that no peer of good will sends.
@Suite(.serialized) struct MutationTests {
  /// Rounds of every seed below: 1,040,000 inputs together.
  private static let rounds = 260_000

  /// Frames of every kind with bits flipped, bytes cut, inserted and repeated, lengths and numbers made huge, or spliced
  /// with another's: each is refused with a typed error, or decodes to a message that encodes and decodes to the same
  /// bytes again. No crash and no more memory, whatever comes. A seed that fails, fails again.
  @Test(arguments: [0x5eed, 0xbad, 0xf00d, 0xcafe] as [UInt64])
  func mutatedBytesAreRefusedOrHarmless(seed: UInt64) throws {
    let frames = Samples.frames
    var mutations = FrameMutations(seed: seed, frames: frames)
    var (refused, accepted) = (0, 0)
    let before = try Memory.resident()
    var most = before
    for round in 0..<Self.rounds {
      let bytes = mutations.next(round % frames.count)
      do {
        let again = try Self.reencode(bytes)
        if try Self.reencode(again) != again { Issue.record("seed \(seed), round \(round)") }
        accepted += 1
      } catch is WireError {
        refused += 1
      } catch {
        Issue.record("seed \(seed), round \(round): \(error)")
      }
      if round % 10_000 == 0 { most = max(most, try Memory.resident()) }
    }
    #expect(refused > Self.rounds / 4 && accepted > Self.rounds / 20)
    // Other tests of the process have their share in it; what is decoded here is some gigabytes.
    #expect(most - before < 512 << 20, "the process grew by \((most - before) >> 20) MiB")
  }

  /// A frame as long as is allowed, of entries as short as can be, would take gigabytes if it were decoded.
  @Test(arguments: FrameBomb.all) func crowdedFramesAreRefusedBeforeTheyAreDecoded(bomb: FrameBomb) throws {
    var bomb = bomb
    if bomb.kind == 1 { bomb.count = min(bomb.count, 2_000_000) }
    let bytes = bomb.frame
    try Memory.forgetPeak()
    let before = try Memory.peak()
    do {
      _ = try Self.reencode(bytes)
      Issue.record("it was taken")
    } catch WireError.field(_, let problem) {
      #expect(problem == "has more than 131072 entries")
    }
    #expect(try Memory.peak() - before < 256 << 20)
  }

  /// As many entries as are allowed stay within a bound.
  @Test(arguments: FrameBomb.all) func whatIsNotTooCrowdedTakesLittleMemory(bomb: FrameBomb) throws {
    var bomb = bomb
    bomb.count = 1 << 17
    let bytes = bomb.frame
    try Memory.forgetPeak()
    let before = try Memory.peak()
    _ = try? Self.reencode(bytes)
    #expect(try Memory.peak() - before < 512 << 20)
  }

  /// Decodes with the decoder the header asks for, and encodes what came of it.
  private static func reencode(_ bytes: [UInt8]) throws -> [UInt8] {
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

/// Frames changed at random, from a seed.
struct FrameMutations {
  private let frames: [[UInt8]]
  private var state: UInt64

  init(seed: UInt64, frames: [[UInt8]]) {
    self.frames = frames
    state = seed
  }

  /// A changed copy of one of the frames.
  mutating func next(_ index: Int) -> [UInt8] {
    var bytes = frames[index]
    for _ in 0...random(3) { mutate(&bytes) }
    // Most headers are kept, so that the mutations reach the payload.
    if random(8) > 0 { bytes.replaceSubrange(0..<min(7, bytes.count), with: frames[index][0..<7]) }
    return bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let place = random(bytes.count + 1)
    switch random(12) {
    case 0: bytes.removeLast(random(bytes.count))
    case 1: bytes.insert(UInt8(random(256)), at: place)
    case 2:
      let other = frames[random(frames.count)]
      bytes = Array(bytes.prefix(random(bytes.count))) + other.suffix(random(other.count))
    case 3:
      // A part again and again: repeated fields, nested messages, texts.
      let part = Array(bytes[place..<min(bytes.count, place + 1 + random(24))])
      bytes.insert(contentsOf: repeatElement(part, count: random(64)).joined(), at: place)
    case 4:
      // A field of any number and type, whose length or value is beyond all bounds.
      let huge = [UInt8](repeating: 0xff, count: 1 + random(9)) + [UInt8(random(128))]
      bytes.insert(contentsOf: [UInt8(random(256))] + huge, at: place)
    case 5: bytes.removeSubrange(place..<min(bytes.count, place + random(16)))
    default: if !bytes.isEmpty { bytes[random(bytes.count)] ^= UInt8(1 << random(8)) }
    }
  }

  private mutating func random(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(bound, 1)))
  }
}

/// A frame full of empty entries of one repeated field.
struct FrameBomb: CustomTestStringConvertible, Sendable {
  let name: String
  let kind: UInt8
  /// Field numbers from the payload down to the repeated one; all below 16.
  let path: [UInt8]
  /// What stands before in the payload and in the message that `path` names first.
  var head: [UInt8] = []
  var innerHead: [UInt8] = []
  var count: Int

  var testDescription: String { name }

  static let all = [
    FrameBomb(name: "hello.datasets", kind: 1, path: [3, 7], count: 16_000_000),
    FrameBomb(name: "hello.held", kind: 1, path: [3, 10], count: 16_000_000),
    FrameBomb(name: "heartbeat.held", kind: 1, path: [4, 2], count: 16_000_000),
    FrameBomb(name: "snapshot.draws", kind: 1, path: [5, 2, 7], count: 16_000_000),
    FrameBomb(name: "snapshot.layers", kind: 1, path: [5, 2, 8], count: 16_000_000),
    FrameBomb(name: "snapshot.errors", kind: 1, path: [5, 2, 9], count: 16_000_000),
    FrameBomb(name: "finished.algorithms", kind: 1, path: [6, 5], count: 16_000_000),
    FrameBomb(
      name: "a worker's snapshot.draws", kind: 1, path: [5, 2, 7], head: sender, innerHead: attempt,
      count: 16_000_000),
    FrameBomb(
      name: "a worker's finished.algorithms", kind: 1, path: [6, 5], head: sender,
      innerHead: attempt + result,
      count: 16_000_000),
    FrameBomb(name: "status.workers", kind: 4, path: [1, 11], count: 8_000_000),
    FrameBomb(name: "status.running_trials", kind: 4, path: [1, 12], count: 8_000_000),
  ]

  // As encoders write them, so that the hand-written decoder takes them up.
  private static let sender = [0x0a, 36] + Array(Samples.worker.utf8) + [0x10, 1]
  private static let attempt = [0x0a, 68, 0x0a, 64] + Array(Samples.trial.utf8) + [0x10, 3]
  private static let result = [0x12, 68, 0x08, 1, 0x12, 64] + Array(Samples.digest.utf8)

  var frame: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 2 * count)
    for index in 0..<count { bytes[2 * index] = path.last! << 3 | 2 }
    for (depth, field) in path.dropLast().enumerated().reversed() {
      if depth == 0 { bytes = innerHead + bytes }
      var head = [field << 3 | 2]
      var length = bytes.count
      while length >= 0x80 {
        head.append(UInt8(length & 0x7f) | 0x80)
        length >>= 7
      }
      bytes = head + [UInt8(length)] + bytes
    }
    return Array("STRA".utf8) + [kind, 1, 0] + head + bytes
  }
}

/// Memory of this process, in bytes, as Linux tells it.
enum Memory {
  struct Unknown: Error {}

  static func resident() throws -> Int { try read("VmRSS:") }
  /// The most since `forgetPeak`.
  static func peak() throws -> Int { try read("VmHWM:") }

  static func forgetPeak() throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "/proc/self/clear_refs"))
    try file.write(contentsOf: Data("5".utf8))
    try file.close()
  }

  private static func read(_ field: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }),
      let kilobytes = Int(line.split(whereSeparator: \.isWhitespace)[1])
    else { throw Unknown() }
    return kilobytes << 10
  }
}
