import Foundation
import SweepProtocol
import Testing
import Worker

@testable import Coordinator

@Suite(.timeLimit(.minutes(2))) struct ClockTests {
  private static let now: UInt64 = 1_764_064_800_000

  private func line(_ clock: UInt64?) -> String? {
    var hello = WorkerHello()
    hello.name = "late"
    hello.host = "node7"
    hello.clock = clock
    return ClockSkew.refusal(of: hello, at: Self.now)?.line
  }

  @Test func fiveMinutesAreLetPass() {
    for clock in [nil, Self.now, Self.now - 300_000, Self.now + 300_000] { #expect(line(clock) == nil) }
    #expect(
      line(Self.now - 301_000)
        == "the clock of late on node7 shows 2025-11-25T09:54:59Z, the coordinator's 2025-11-25T10:00:00Z: "
        + "301 s behind, more than 300 s; set both by NTP")
    #expect(line(Self.now + 3_600_000)?.contains("3600 s ahead") == true)
    for clock in [0, .max] as [UInt64] { #expect(line(clock) != nil) }
  }

  @Test func aWorkerWhoseClockIsWrongIsRefusedOnBothSides() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let worker = try cluster.worker(endpoint, ScriptedRunner(), named: "early") {
      $0.clock = { UInt64(Date().timeIntervalSince1970 * 1000) + 7_200_000 }
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("the clock of early on") && ending.line.contains("s ahead, more than 300 s"))
    #expect(cluster.log.lines.contains { $0 == "coordinator: refused a message: \(ending.line)" })
    await service.abandon()
  }

  /// A worker of another version of the protocol: both sides say so, and it leaves.
  @Test func anotherProtocolVersionIsNamedOnBothSides() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let peer = try RawPeer(endpoint)
    var bytes = Wire.encode(
      WorkerEnvelope(worker: WorkerIdentity.fresh(), message: .hello(WorkerHello())))
    bytes[5] = 99
    try await peer.send([bytes])
    let line = try await eventually("a refusal") {
      try await peer.receiveCoordinatorMessage {
        if case .refused(.protocolVersion, let line) = $0 { line } else { nil }
      }
    }
    #expect(line.contains("version 99") && line.contains("version \(ProtocolVersion.current)"))
    #expect(cluster.log.lines.contains { $0.hasPrefix("coordinator: ") && $0.contains("version 99") })
    await service.abandon()
  }
}
