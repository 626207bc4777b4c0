import Coordinator
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Synchronization
import Testing
import ZeroMQ

/// Workers that come while the coordinator reads.
@Suite(.timeLimit(.minutes(2)), .serialized) struct FloodTests {
  /// The coordinator is held while it reads, and workers come meanwhile: it reads their hellos in the same turn, and only
  /// later that their connections were made.
  @Test func workersThatJoinInTheMidstOfATurnStayConnected() async throws {
    let cluster = try Cluster(trials: 1)
    let hold = Hold()
    let (service, store, endpoint) = try await cluster.coordinator {
      $0.exitsWhenDone = false
      $0.settings.silence = .seconds(3600)
      $0.settings.lease = .seconds(3600)
      $0.logger = Logger(label: "held") { _ in hold }
    }
    defer { hold.release() }
    let noise = try RawPeer(endpoint)
    try await noise.send([[1, 2, 3]])
    try await eventually("a coordinator held") { hold.isHeld ? true : nil }
    let crowd = Crowd()
    try await crowd.join(20, endpoint)
    // Time for the hellos to arrive. Too little of it would make the test say less, not fail.
    try await Task.sleep(for: .milliseconds(500))
    hold.release()
    try await eventually("all workers known") {
      await service.status()!.workers.count == 20 ? true : nil
    }
    try await crowd.beat()
    try await eventually("all workers connected, now that all have spoken again") {
      await service.status()!.workers.allSatisfy(\.connected) ? true : nil
    }
    await service.abandon()
    try store.close()
  }

  /// Connections are made while the coordinator is in the midst of reading: none may be taken for closed because of it.
  @Test func workersThatJoinInAFloodStayConnected() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator {
      $0.exitsWhenDone = false
      // They are heard of when this test has them speak, on however starved a machine.
      $0.settings.silence = .seconds(3600)
      $0.settings.lease = .seconds(3600)
    }
    let flood = try Flood(endpoint)
    defer { flood.stop() }
    let crowd = Crowd()
    for _ in 0..<30 {
      try await crowd.join(10, endpoint)
      try await Task.sleep(for: .milliseconds(2))
    }
    let count = await crowd.count
    try await eventually("all workers known") {
      await service.status()!.workers.count > count ? true : nil
    }
    flood.stop()
    try await crowd.beat()
    try await eventually("all workers connected, now that all have spoken again") {
      await service.status()!.workers.allSatisfy { $0.connected || $0.name == "flood" } ? true : nil
    }
    await service.abandon()
    try store.close()
  }
}

/// Holds whoever logs that a message cannot be read, until it is released.
private final class Hold: LogHandler {
  private let held = Atomic(false)
  private let released = Atomic(false)
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .warning }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  var isHeld: Bool { held.load(ordering: .acquiring) }

  func release() { released.store(true, ordering: .releasing) }

  func log(event: LogEvent) {
    guard "\(event.message)".hasPrefix("dropped message") else { return }
    held.store(true, ordering: .releasing)
    while !released.load(ordering: .acquiring) { usleep(1000) }
  }
}

private func hello(_ name: String) -> WorkerHello {
  var hello = WorkerHello()
  hello.program = ProgramVersion.current
  hello.name = name
  hello.beat = 1
  return hello
}

/// A worker that sends heartbeats as fast as it can, from a thread of its own, until it is stopped.
private final class Flood: Sendable {
  private let isStopped = Atomic(false)

  init(_ endpoint: String) throws {
    let context = try Context()
    Thread { [self] in
      guard let socket = try? Socket(context, .dealer), (try? socket.connect(endpoint)) != nil else { return }
      let worker = UUID().uuidString.lowercased()
      var message = WorkerMessage.hello(hello("flood"))
      var beat: UInt64 = 1
      while !isStopped.load(ordering: .relaxed) {
        let bytes = Wire.encode(WorkerEnvelope(worker: worker, message: message))
        if (try? socket.send([bytes])) == .sent {
          beat += 1
          var heartbeat = WorkerHeartbeat()
          heartbeat.beat = beat
          heartbeat.held = (0..<10).map {
            HeldAttempt(AttemptID(trial: String(repeating: "\($0)", count: 64), number: 1), progress: .init())
          }
          message = .heartbeat(heartbeat)
        }
        while (try? socket.receive()) != nil {}
      }
    }.start()
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }
}

/// Workers that say hello at once, and heartbeats when they are asked to.
private actor Crowd {
  private let loop = SocketLoop(name: "crowd")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
  private var context: Context?
  private var members: [(worker: String, socket: Socket)] = []
  private var beats: UInt64 = 1

  var count: Int { members.count }

  func join(_ number: Int, _ endpoint: String) throws {
    let context = try self.context ?? Context()
    self.context = context
    for _ in 0..<number {
      var options = SocketOptions()
      // The hello is there when the connection is.
      options.immediate = false
      options.linger = .zero
      let socket = try Socket(context, .dealer, options: options)
      try socket.connect(endpoint)
      let worker = UUID().uuidString.lowercased()
      let message = WorkerMessage.hello(hello("member"))
      _ = try socket.send([Wire.encode(WorkerEnvelope(worker: worker, message: message))])
      members.append((worker, socket))
    }
  }

  func beat() throws {
    beats += 1
    for (worker, socket) in members {
      var heartbeat = WorkerHeartbeat()
      heartbeat.beat = beats
      let message = WorkerMessage.heartbeat(heartbeat)
      _ = try socket.send([Wire.encode(WorkerEnvelope(worker: worker, message: message))])
    }
  }
}
