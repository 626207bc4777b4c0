import Coordinator
import Foundation
import Testing
import ZeroMQ

/// Keys and lists as a person makes them, and processes that use them.
@Suite(.serialized) struct KeyCommandTests {
  static func run(_ arguments: String..., in folder: URL) async throws -> String {
    let (status, output, errors) = try await StrataProcess.run(arguments, in: folder)
    #expect(status == 0, "\(arguments): \(errors)")
    return output
  }

  private static func fails(_ arguments: String..., says: String..., in folder: URL) async throws {
    let (status, output, errors) = try await StrataProcess.run(arguments, in: folder)
    #expect(status != 0 && output.isEmpty)
    let lines = errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
    #expect(lines.count == 1)
    for part in says { #expect(lines.first?.contains(part) == true, "\(part) is not in: \(errors)") }
  }

  @Test func keysAreMadeAllowedListedAndRevoked() async throws {
    try await withTemporaryFolder { folder in
      let made = try await Self.run("keygen", "node7.key", in: folder)
      let key = try KeyFile.publicKey(at: folder.appendingPathComponent("node7.key.pub").path)
      #expect(made.contains("secret key: node7.key\n") && made.contains("\(key)"))
      #expect(try KeyFile.keyPair(at: folder.appendingPathComponent("node7.key").path).publicKey == key)
      #expect(try await Self.run("keygen", ".", in: folder).contains("strata.key.pub"))
      try await Self.fails("keygen", "node7.key", says: "node7.key", "there already", in: folder)

      func allow(_ key: String, _ name: String) async throws -> String {
        try await Self.run("workers", "allow", key, "--name", name, "--worker-keys", "list", in: folder)
      }
      #expect(try await allow("node7.key.pub", "node7") == "node7 is allowed\n")
      #expect(try await allow("\(key)", "node7") == "node7 is allowed already\n")
      #expect(try await allow("strata.key.pub", "node8") == "node8 is allowed\n")
      let list = try await Self.run("workers", "list", "--worker-keys", "list", in: folder)
      #expect(list.contains("node7   \(key)\n") && list.contains("node8"))
      try await Self.fails(
        "workers", "allow", "\(key)", "--name", "other", "--worker-keys", "list", says: "there as node7",
        in: folder)
      try await Self.fails(
        "workers", "allow", "node7.key", "--name", "other", "--worker-keys", "list",
        says: "node7.key", "secret key", in: folder)
      try await Self.fails(
        "workers", "revoke", "node9", "--worker-keys", "list", says: "node9", "node7, node8", in: folder)
      for worker in ["node8", "node7.key.pub"] {
        #expect(
          try await Self.run("workers", "revoke", worker, "--worker-keys", "list", in: folder)
            .hasSuffix("is revoked\n"))
      }
      #expect(try String(contentsOf: folder.appendingPathComponent("list"), encoding: .utf8) == "")
    }
  }

  /// One public key in 85 begins with what options begin with.
  @Test func aKeyThatBeginsWithADashIsAKey() async throws {
    try await withTemporaryFolder { folder in
      let key = KeyArgumentsTests.keys[0]
      let list = ["--worker-keys", "list"]
      let allowed = try await StrataProcess.run(["workers", "allow", key, "--name", "a"] + list, in: folder)
      #expect(allowed.status == 0 && allowed.output == "a is allowed\n", "\(allowed.errors)")
      #expect(try await Self.run("workers", "list", "--worker-keys", "list", in: folder).contains(key))
      let revoked = try await StrataProcess.run(["workers", "revoke", key] + list, in: folder)
      #expect(revoked.status == 0 && revoked.output == "a is revoked\n", "\(revoked.errors)")
      _ = try await Self.run("keygen", "own.key", in: folder)
      for key in KeyArgumentsTests.keys {
        try await Self.fails(
          "status", "tcp://127.0.0.1:1", "--key", "own.key", "--coordinator-key", key,
          says: "no coordinator answered", in: folder)
      }
    }
  }

  @Test func aKeyThatOthersCanReadIsRefusedByEveryCommand() async throws {
    try await withTemporaryFolder { folder in
      _ = try await Self.run("keygen", "open.key", in: folder)
      let path = folder.appendingPathComponent("open.key").path
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      try Data().write(to: folder.appendingPathComponent("list"))
      for arguments in [
        ["coordinator", "quickstart", "--key", "open.key", "--worker-keys", "list"],
        ["run", "quickstart", "--key", "open.key", "--worker-keys", "list"],
        [
          "worker", "--connect", "tcp://127.0.0.1:1", "--key", "open.key", "--coordinator-key",
          "open.key.pub",
        ],
        ["status", "tcp://127.0.0.1:1", "--key", "open.key", "--coordinator-key", "open.key.pub"],
      ] {
        let (status, _, errors) = try await StrataProcess.run(arguments, in: folder)
        #expect(status != 0)
        #expect(errors.contains("open.key: its permissions are 0644"), "\(arguments): \(errors)")
      }
    }
  }

  /// `strata run` with keys, watched by its store's status, which finds the key by the announcement.
  @Test func aRunWithKeysGivesTheResultsOfOneWithout() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      _ = try await Self.run("keygen", "coordinator.key", in: folder)
      try Data().write(to: folder.appendingPathComponent("list"))
      let run = try StrataProcess(
        RunTests.arguments(sweep, store) + ["--key", "coordinator.key", "--worker-keys", "list"], in: folder)
      let endpoint = try await Announced.endpoint(of: store)
      // By the key that the announcement names.
      try await waitUntil("the run's status", seconds: 60) {
        try await Self.run("status", store.path, "--json", in: folder).contains("\"workers\"")
      }
      try await Self.fails("status", endpoint, says: endpoint, "--key and --coordinator-key", in: folder)
      #expect(try await run.wait() == 0, "\(run.standardError)")
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }
}
