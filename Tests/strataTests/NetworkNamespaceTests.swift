import Foundation
import ResultStore
import Testing

/// A worker on another host, as a network namespace of its own joined by a cable. Needs root and iproute2.
@Suite(.serialized, .enabled(if: Namespaces.available, "needs root and iproute2 (ip netns)"))
struct NetworkNamespaceTests {
  @Test(arguments: [false, true]) func workerOnAnotherHostJoins(withKeys: Bool) async throws {
    let namespaces = try Namespaces()
    defer { namespaces.remove() }
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      var (ours, theirs) = (["--insecure"], [String]())
      if withKeys {
        for arguments in [
          ["keygen", "coordinator.key"], ["keygen", "node.key"],
          ["workers", "allow", "node.key.pub", "--name", "node", "--worker-keys", "list"],
        ] { #expect(try await StrataProcess.run(arguments, in: folder).status == 0) }
        ours = ["--key", "coordinator.key", "--worker-keys", "list"]
        theirs = ["--key", "node.key", "--coordinator-key", "coordinator.key.pub"]
      }
      let coordinator = try StrataProcess(
        [
          "coordinator", sweep, "--store", store.path, "--exit-when-done", "--listen",
          Namespaces.addresses[0],
        ] + ours, in: folder, under: namespaces.prefix(0))
      let endpoint = try await Announced.endpoint(of: store)
      #expect(endpoint.contains(Namespaces.addresses[0]))
      let worker = try StrataProcess(
        ["worker", "--connect", endpoint, "--name", "elsewhere"] + theirs, in: folder,
        under: namespaces.prefix(1))
      let status = try await coordinator.wait()
      #expect(status == 0, "\(coordinator.standardError)\n\(worker.standardError)")
      #expect(try await RecoveryTests.contentHash(store) == RecoveryTests.undisturbed.value)
    }
  }
}

/// Two network namespaces joined by a pair of virtual interfaces.
struct Namespaces {
  static let addresses = ["10.213.77.1", "10.213.77.2"]
  private let names: [String]

  static let available: Bool =
    getuid() == 0
    && {
      let probe = "strata-probe-\(getpid())"
      guard (try? ip("netns", "add", probe)) != nil else { return false }
      try? ip("netns", "del", probe)
      return true
    }()

  init() throws {
    let these = UUID().uuidString.prefix(8)
    names = ["strata-a-\(these)", "strata-b-\(these)"]
    for name in names { try Self.ip("netns", "add", name) }
    try Self.ip(
      "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
    for (name, address) in zip(names, Self.addresses) {
      try Self.ip("-n", name, "addr", "add", "\(address)/24", "dev", "eth0")
      try Self.ip("-n", name, "link", "set", "eth0", "up")
      try Self.ip("-n", name, "link", "set", "lo", "up")
    }
  }

  func remove() { for name in names { try? Self.ip("netns", "del", name) } }

  /// What to put before a command so that it runs in namespace `index`.
  func prefix(_ index: Int) -> [String] { ["/usr/bin/env", "ip", "netns", "exec", names[index]] }

  /// From now on what either sends the other disappears; both see a cable that is plugged in.
  func cut() throws { try direct("replace", "lladdr", "02:00:00:00:00:01", "nud", "permanent") }

  func heal() throws { try direct("del") }

  private func direct(_ action: String, _ more: String...) throws {
    for (name, other) in zip(names, Self.addresses.reversed()) {
      try Self.ip(["-n", name, "neigh", action, other, "dev", "eth0"] + more)
    }
  }

  private static func ip(_ arguments: String...) throws { try ip(arguments) }

  private static func ip(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ip"] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw DeadlinePassed(description: "ip \(arguments.joined(separator: " ")) failed")
    }
  }
}
