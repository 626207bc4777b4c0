import Coordinator
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Synchronization
import Testing
import Worker
import ZeroMQ

@Suite(.timeLimit(.minutes(2))) struct RefusalTests {
  @Test func aWorkerOfAnotherVersionIsRefusedByName() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let worker = try cluster.worker(endpoint, ScriptedRunner(), named: "elder") {
      $0.settings.introduction.program = "0.0.9"
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("elder"))
    #expect(ending.line.contains("0.0.9"))
    #expect(ending.line.contains(ProgramVersion.current))
    #expect(cluster.log.lines.contains("coordinator: refused: \(ending.line)"))
    await service.abandon()
  }

  @Test func aWorkerWithOtherDataIsRefused() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let gate = Gate(before: 0)
    let first = try cluster.worker(endpoint, ScriptedRunner(gate: gate))
    Task { await first.finished() }
    try await eventually("the first worker at work") { gate.waiting == 1 ? true : nil }
    let second = try cluster.worker(endpoint, ScriptedRunner(), named: "other") {
      $0.settings.introduction.datasets = ["synthetic": String(repeating: "b", count: 64)]
    }
    let ending = await second.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("synthetic"))
    await first.abandon()
    await service.abandon()
  }

  @Test func whoOnlySaysHelloDecidesNothingOfTheData() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    let stranger = try RawPeer(endpoint)
    var hello = WorkerHello()
    hello.program = ProgramVersion.current
    hello.beat = 1
    hello.datasets = ["synthetic": String(repeating: "b", count: 64)]
    let id = UUID().uuidString.lowercased()
    try await stranger.send([Wire.encode(WorkerEnvelope(worker: id, message: .hello(hello)))])
    try await eventually("a welcome") {
      try await stranger.receiveCoordinatorMessage { if case .welcome = $0 { true } else { nil } }
    }
    try await stranger.send([Wire.encode(WorkerEnvelope(worker: id, message: .goodbye))])
    let worker = try cluster.worker(endpoint, ScriptedRunner())
    let ending = Task { await worker.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
  }

  @Test func localhostIsAnAddressToListenOn() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator { $0.address = "localhost" }
    #expect(try Endpoint(endpoint).host == "127.0.0.1")
    let client = try StatusClient(endpoint: endpoint)
    guard case .status = try await client.reply(to: .status, timeout: .seconds(30)) else {
      Issue.record("no status")
      return
    }
    await service.abandon()
  }

  @Test func whatIsConnectedToNeedsAPort() throws {
    let refusal = EndpointError(text: "tcp://127.0.0.1:0", needsPort: true)
    #expect(throws: refusal) { try StatusClient(endpoint: "tcp://127.0.0.1:0") }
    #expect(throws: refusal) {
      try WorkerOptions(
        endpoint: "tcp://127.0.0.1:0", introduction: WorkerHello(), runner: ScriptedRunner(),
        logger: Logger(label: "test"))
    }
  }

  @Test func noiseIsDroppedAndServiceGoesOn() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let peer = try RawPeer(endpoint)
    for frames: Socket.Message in [
      [[]], [[1, 2, 3]], [Array("STRA".utf8)], [[1], [2]], [Array(repeating: 0xFF, count: 4096)],
    ] {
      try await peer.send(frames)
    }
    // A message of another protocol version is answered with both versions.
    var future = Wire.encode(ClientRequest.status)
    future[5] = 99
    try await peer.send([future])
    let refusal = try await eventually("a refusal for the version") {
      try await peer.receiveCoordinatorMessage { message in
        if case .refused(.protocolVersion, let line) = message { line } else { nil }
      }
    }
    #expect(refusal.contains("99"))
    let client = try StatusClient(endpoint: endpoint)
    guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(30)) else {
      Issue.record("no status")
      return
    }
    #expect(status.counts.pending == 1)
    #expect(cluster.log.lines.contains { $0.contains("dropped message") })
    await service.abandon()
  }

  @Test func listeningBeyondLoopbackMustBeAskedFor() throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    var options = cluster.options()
    options.address = "0.0.0.0"
    let error = #expect(throws: CoordinatorError.self) {
      try CoordinatorService(options: options, store: store)
    }
    #expect(error == .insecureAddress("0.0.0.0"))
    options.allowInsecure = true
    #expect(throws: Never.self) { try CoordinatorService(options: options, store: store) }
  }

  @Test func aPortInUseIsNamed() async throws {
    let (one, two) = (try Cluster(trials: 1), try Cluster(trials: 1))
    let (service, _, endpoint) = try await one.coordinator()
    let port = try Endpoint(endpoint).port
    let error = await #expect(throws: ZeroMQError.self) { _ = try await two.coordinator { $0.port = port } }
    #expect(error?.description.contains("port \(port) on 127.0.0.1 is in use") == true)
    await service.abandon()
  }

  @Test func aRecordedPortInUseIsReplaced() async throws {
    let cluster = try Cluster(trials: 1)
    let (first, store, endpoint) = try await cluster.coordinator()
    await first.abandon()
    try store.close()
    let squatter = try Socket(try Context(), .router)
    try squatter.bind(endpoint)
    let (second, _, other) = try await cluster.coordinator()
    #expect(other != endpoint)
    await second.abandon()
  }

  @Test func aWorkerSaysThatNobodyAnswers() async throws {
    let cluster = try Cluster(trials: 1)
    // A port that was free a moment ago.
    let socket = try Socket(try Context(), .router)
    try socket.bind("tcp://127.0.0.1:*")
    let endpoint = try Endpoint(socket.lastEndpoint()).description
    socket.close()
    let worker = try cluster.worker(endpoint, ScriptedRunner()) { $0.connectTimeout = .seconds(1) }
    let ending = await worker.finished()
    #expect(ending.status == 1)
    #expect(ending.line.contains("no coordinator answered at \(endpoint)"))
  }

  @Test func aWorkerFindsTheCoordinatorByName() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    let named = Endpoint(host: "localhost", port: try Endpoint(endpoint).port).description
    let worker = try cluster.worker(named, ScriptedRunner())
    #expect(await worker.finished().status == 0)
    #expect(try await service.finished().isComplete)
    try store.close()
    try cluster.expectUndisturbedResults()
  }

  @Test func whatIsStoppedBeforeItBeginsEnds() async throws {
    let cluster = try Cluster(trials: 1)
    let service = try CoordinatorService(options: cluster.options(), store: try Store.open(cluster.path))
    service.stop()
    #expect(try await service.finished().isComplete == false)
    let worker = try cluster.worker("tcp://127.0.0.1:1", ScriptedRunner())
    worker.stop()
    #expect(await worker.finished().status == 0)
  }

  @Test func aClientSaysThatNobodyAnswers() async throws {
    let client = try StatusClient(endpoint: "tcp://127.0.0.1:1")
    let error = await #expect(throws: CoordinatorError.self) {
      try await client.reply(to: .status, timeout: .milliseconds(200))
    }
    #expect(error == .noAnswer(endpoint: "tcp://127.0.0.1:1", after: .milliseconds(200)))
  }

  @Test func aClientIsToldSoonThatConnectionsAreRefused() async throws {
    let client = try StatusClient(endpoint: "tcp://127.0.0.1:1")
    let error = await #expect(throws: CoordinatorError.self) {
      try await client.reply(to: .status, timeout: .seconds(100))
    }
    guard case .noAnswer(_, let waited) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(waited >= .seconds(3) && waited < .seconds(60))
  }

  @Test func nothingIsAcknowledgedThatCannotBeCommitted() async throws {
    let cluster = try Cluster(trials: 2)
    let store = try Store.open(cluster.path)
    let full = FullDisk()
    let standIn = StandInStore(store: store) { records, store in
      if full.isFull.withLock({ $0 }) { throw StoreError.full(path: store.path) }
      try store.commit(records)
    }
    let service = try CoordinatorService(options: cluster.options(), store: standIn)
    let endpoint = try await service.start().messages
    let gate = Gate(before: 1)
    let worker = try cluster.worker(endpoint, ScriptedRunner(gate: gate))
    let ending = Task { await worker.finished() }
    try await eventually("the trial under way") { gate.waiting == 1 ? true : nil }
    full.isFull.withLock { $0 = true }
    gate.open()
    let error = await #expect(throws: StoreError.self) { try await service.finished() }
    #expect(error?.description.contains("no space left") == true)
    try store.close()
    #expect(try cluster.rows().trials[0].state == .running)
    // The worker kept what was not acknowledged, and a coordinator with room gets it.
    let (second, secondStore, _) = try await cluster.coordinator()
    #expect(try await second.finished().isComplete)
    #expect(await ending.value.status == 0)
    try secondStore.close()
    try cluster.expectUndisturbedResults()
    #expect(try cluster.rows().attempts.allSatisfy { $0.number == 1 })
  }
}

/// A disk that is full at will.
private final class FullDisk: Sendable {
  let isFull = Mutex(false)
}
