import Coordinator
import Sweeps
import SweepProtocol

/// A trial whose training is a chain of hashes: what it must give is known without running it.
struct SimulatedTrial {
  let index: Int

  var id: String { hexadecimal(mix(0x7269_616c, UInt64(index)), digits: 64) }
  var epochs: Int { 1 + index % 3 }
  var steps: Int { 3 + index % 2 }
  var plan: PlannedTrial {
    PlannedTrial(
      id: id, label: "trial \(index)", dataset: index % 4 == 3 ? "cifar10" : "synthetic",
      configuration: "{\"index\":\(index)}")
  }
  var outcome: TrialOutcome { index % 5 == 4 ? .diverged : index % 7 == 6 ? .vanished : .completed }

  init(index: Int) { self.index = index }
  init(_ assignment: Assignment) {
    index = Int(assignment.configuration.dropFirst("{\"index\":".count).dropLast())!
  }

  var initial: UInt64 { mix(UInt64(index), 0x696e_6974) }
  func step(_ state: UInt64) -> UInt64 { mix(state, UInt64(index)) }

  /// After `epoch` epochs.
  func state(after epoch: Int) -> UInt64 {
    var state = initial
    for _ in 0..<(epoch * steps) { state = step(state) }
    return state
  }

  /// Every measured bit comes from the state; only the seconds differ from run to run.
  func snapshot(_ epoch: Int, _ state: UInt64, seconds: Double) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.testLoss = Double(bitPattern: state >> 4)
    snapshot.testAccuracy = Double(state % 1000) / 1000
    snapshot.trainLoss = epoch == 0 ? nil : Double(state % 977)
    snapshot.trainSeconds = seconds
    return snapshot
  }

  func weights(_ state: UInt64) -> String { hexadecimal(state, digits: 64) }

  func checkpoint(_ position: CheckpointPosition, _ state: UInt64) -> CheckpointDescriptor {
    CheckpointDescriptor(
      position: position, size: 8,
      sha256: String(hexadecimal(mix(state, 1), digits: 64).reversed()))
  }
}

extension Snapshot {
  /// Without what may differ between two runs of the same trial.
  var measured: Snapshot {
    var copy = self
    copy.trainSeconds = 0
    copy.snapshotSeconds = 0
    return copy
  }
}

/// A hash of two numbers (SplitMix64's finalizer).
func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
  var z = a &* 0x9e37_79b9_7f4a_7c15 &+ b &+ 0x9e37_79b9_7f4a_7c15
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}

func hexadecimal(_ number: UInt64, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: digits - text.count) + text
}

func uuid(_ number: UInt64) -> String {
  "00000000-0000-4000-8000-" + hexadecimal(number, digits: 12)
}

/// The only source of chance in a simulation.
struct Chance {
  private var state: UInt64

  init(seed: UInt64) { state = mix(seed, 0x7365_6564) }

  mutating func next() -> UInt64 {
    state &+= 1
    return mix(state, 0x6368_616e)
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func happens(_ probability: Double) -> Bool { uniform() < probability }
  mutating func uniform() -> Double { Double(next() >> 11) / Double(1 << 53) }
  mutating func seconds(_ range: ClosedRange<Double>) -> Duration {
    .milliseconds(Int64((range.lowerBound + uniform() * (range.upperBound - range.lowerBound)) * 1000))
  }
}
