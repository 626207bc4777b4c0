import Coordinator
import SweepProtocol
import Sweeps
import Worker

/// The last events of a simulation, to be read when it failed.
struct SimulatedTrace {
  private enum Item {
    case event(Simulation.Occurrence)
    case note(String)
  }
  private static let length = 120
  private var items: [(moment: Moment, item: Item)] = []
  private var next = 0

  mutating func add(_ moment: Moment, _ occurrence: Simulation.Occurrence) {
    // A tick says nothing.
    switch occurrence {
    case .worker(_, .tick), .coordinatorTick: return
    default: put((moment, .event(occurrence)))
    }
  }

  mutating func note(_ moment: Moment, _ text: String) { put((moment, .note(text))) }

  private mutating func put(_ entry: (Moment, Item)) {
    if items.count < Self.length {
      items.append(entry)
    } else {
      items[next] = entry
      next = (next + 1) % Self.length
    }
  }

  /// A line for every event, the oldest first.
  var lines: [String] {
    (items[next...] + items[..<next]).map { moment, item in
      switch item {
      case .note(let text): "\(moment) -- \(text)"
      case .event(let occurrence): "\(moment) \(occurrence.line)"
      }
    }
  }
}

extension Simulation.Occurrence {
  fileprivate var line: String {
    switch self {
    case .arriveAtCoordinator(let bytes, _):
      switch try? Wire.decodeInbound(bytes) {
      case .worker(let envelope): "from \(envelope.worker) #\(envelope.sequence) \(envelope.message)"
      case let other: "from a worker: \(String(describing: other))"
      }
    case .arriveAtWorker(let bytes, _, let worker):
      "to \(worker) \((try? Wire.decodeCoordinatorEnvelope(bytes)).map { "\($0.message)" } ?? "?")"
    case .upload(let transfer), .uploadBytes(let transfer), .download(let transfer):
      "\(name) \(transfer.attempt) at \(transfer.checkpoint.position) of \(transfer.worker)"
    case .uploadAnswer(let transfer, let end), .downloadAnswer(let transfer, let end, _):
      "\(name) \(transfer.attempt) at \(transfer.checkpoint.position): \(end), to \(transfer.worker)"
    case .worker(let id, let event): "\(id) \(event)"
    case .connectionLost, .coordinatorTick, .coordinatorReturns, .workerArrives: "\(self)"
    }
  }

  private var name: String { String("\(self)".prefix { $0 != "(" }) }
}
