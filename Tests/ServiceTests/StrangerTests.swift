import Foundation
import Glibc
import SweepProtocol
import Testing
import Worker

@testable import Coordinator
@testable import ZeroMQ

/// Peers that take up memory: some before they are let in, some by not reading.
@Suite(.timeLimit(.minutes(2))) struct StrangerTests {
  /// A TCP connection that speaks as much ZMTP as it likes.
  private final class Stranger {
    private let descriptor: Int32

    init(port: Int) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      let code = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try #require(code == 0)
    }

    deinit { close(descriptor) }

    /// Sends what the connection takes; the rest.
    func offer(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      return bytes.dropFirst(max(0, count))
    }

    var isCutOff: Bool {
      var bytes = [UInt8](repeating: 0, count: 1024)
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      return count == 0 || count < 0 && errno != EAGAIN
    }
  }

  @Test func aStrangerThatSendsMoreThanAKeyIsCutOff() async throws {
    let node = try CurveKeyPair()
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": node])
    let (service, _, endpoint) = try await keyed.coordinator()
    let port = try Endpoint(endpoint).port
    // As many as fit a frame, of which nothing is looked at before its end.
    let stranger = try Stranger(port: port)
    let idle = try Stranger(port: port)
    let greeting =
      [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + Array("CURVE".utf8)
      + [UInt8](repeating: 0, count: 15 + 32)
    #expect(idle.offer(greeting[...]).isEmpty)
    let length = withUnsafeBytes(of: UInt64(3 << 20).bigEndian) { Array($0) }
    var bytes = (greeting + [0x06] + length + [UInt8](repeating: 7, count: 1 << 20))[...]
    try await eventually("the end of the connection") {
      bytes = stranger.offer(bytes)
      return stranger.isCutOff ? true : nil
    }
    try await eventually("the reason") {
      keyed.logs("cut off a connection: it sent", "before its key") ? true : nil
    }
    // Whoever is let in is not a stranger, however much it sends.
    let worker = try keyed.worker(endpoint, ScriptedRunner(checkpointBytes: 3 << 20), node, named: "one")
    let ending = Task { await worker.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    #expect(keyed.cluster.log.lines.count { $0.contains("cut off a connection") } == 1)
  }

  @Test func whatAPeerDoesNotReadIsBounded() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let client = try StatusClient(endpoint: endpoint)
    func workers() async throws -> Int {
      guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(30)) else {
        return 0
      }
      return status.workers.count
    }
    func join(_ peer: RawPeer) async throws {
      var hello = WorkerHello()
      hello.program = ProgramVersion.current
      hello.beat = 1
      (hello.name, hello.host) = (String(repeating: "n", count: 255), String(repeating: "h", count: 255))
      hello.instructionSet = String(repeating: "i", count: 255)
      let envelope = WorkerEnvelope(worker: UUID().uuidString.lowercased(), message: .hello(hello))
      try await peer.send([Wire.encode(envelope)])
    }
    // A status of 350 kB.
    let crowd = try RawPeer(endpoint)
    for _ in 0..<400 { try await join(crowd) }
    try await eventually("all workers") { try await workers() == 400 ? true : nil }
    let deaf = try RawPeer(endpoint, receiveHighWater: 1)
    for _ in 0..<300 { try await deaf.send([Wire.encode(ClientRequest.status)]) }
    // All is read that came before.
    try await join(deaf)
    try await eventually("the last message") { try await workers() == 401 ? true : nil }
    var answers = 0
    try await eventually("an answer to something else") {
      try await deaf.offer([Wire.encode(ClientRequest.drain("nobody"))])
      while let bytes = try await deaf.receive() {
        guard bytes[4] == Wire.encode(ClientReply.shuttingDown)[4] else { continue }
        guard case .status = try Wire.decodeClientReply(bytes) else { return true }
        answers += 1
      }
      return nil
    }
    // The rest was dropped: a queue of 64, and what the connection's own buffers took.
    #expect(answers > 0 && answers < 250)
    await service.abandon()
  }
}

/// Connections that are not let in yet.
@Suite struct StrangersTests {
  @Test func whoSendsMoreThanAKeyTakesIsCutOff() {
    var strangers = Strangers()
    for descriptor in 1...4 as ClosedRange<Int32> { strangers.come(descriptor) }
    let outcasts = strangers.review { descriptor in
      switch descriptor {
      // In the middle of the handshake; let in, and at work since; sending what nobody asked for; gone.
      case 1: .init(received: 700, sent: 234)
      case 2: .init(received: 5_000_000, sent: 288)
      case 3: .init(received: 1_000_000, sent: 234)
      default: nil
      }
    }
    #expect(outcasts == [.init(descriptor: 3, reason: "it sent 1000000 bytes before its key")])
    #expect(!strangers.isEmpty)
    strangers.leave(1)
    #expect(strangers.isEmpty)
  }

  @Test func ofTooManyTheFirstAreCutOff() {
    var strangers = Strangers()
    for descriptor in 0..<Int32(Strangers.most + 2) { strangers.come(descriptor) }
    // The second came anew.
    strangers.come(1)
    let outcasts = strangers.review { _ in .init(received: 64, sent: 64) }
    #expect(outcasts.map(\.descriptor) == [0, 2])
    #expect(strangers.review { _ in .init(received: 64, sent: 64) }.isEmpty)
  }
}
