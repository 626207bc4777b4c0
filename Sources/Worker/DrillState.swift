import Crypto
import SweepProtocol

/// What a synthetic trial is between two steps.
///
/// As bytes: format and trial as text, then epoch and step (little-endian UInt64), hash, padding.
struct DrillState: Equatable {
  let trial: String
  private(set) var position = CheckpointPosition(epoch: 0, step: 0)
  /// SHA-256, chained from the trial's identity over all steps taken.
  private var hash: [UInt8]

  private static let format = "strata-drill-1 "
  private static let hashBytes = SHA256.byteCount

  init(trial: String) {
    self.trial = trial
    hash = Array(SHA256.hash(data: Array(trial.utf8)))
  }

  mutating func takeStep() {
    position.step += 1
    hash = Array(SHA256.hash(data: hash))
  }

  mutating func endEpoch() { position = CheckpointPosition(epoch: position.epoch + 1, step: 0) }

  /// What stands for the hash of the weights: 64 hexadecimal digits.
  var digest: String { SHA256.hash(data: hash).hexadecimal }

  /// For the random streams of what is measured in this state.
  var seed: UInt64 { Self.number(hash[..<8]) }

  /// - Parameter padding: bytes of the whole, which is longer only where the state needs it.
  func encoded(padding size: Int) -> [UInt8] {
    var bytes = Array((Self.format + trial).utf8)
    for number in [position.epoch, position.step] {
      withUnsafeBytes(of: UInt64(number).littleEndian) { bytes += $0 }
    }
    bytes += hash
    bytes.reserveCapacity(max(size, bytes.count))
    bytes += repeatElement(hash[0], count: max(0, size - bytes.count))
    return bytes
  }

  /// - Throws: `TrialError` where the bytes are no checkpoint of this trial.
  init(decoding bytes: [UInt8], trial: String) throws {
    let head = Array((Self.format + trial).utf8)
    let end = head.count + 16 + Self.hashBytes
    guard bytes.count >= end, bytes.starts(with: head),
      let epoch = Int(exactly: Self.number(bytes[head.count..<head.count + 8])),
      let step = Int(exactly: Self.number(bytes[head.count + 8..<head.count + 16]))
    else { throw TrialError("checkpoint is not a drill's of trial \(trial)") }
    self.trial = trial
    position = CheckpointPosition(epoch: epoch, step: step)
    hash = Array(bytes[(end - Self.hashBytes)..<end])
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
