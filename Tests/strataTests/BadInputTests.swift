import Foundation
import Testing

/// Wrong input of every kind: one clear line on standard error, a non-zero status, nothing left behind.
@Suite struct BadInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var arguments: [String]
    /// What the line must say.
    var says: [String]
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String..., says: String...) {
      self.arguments = arguments
      self.says = says
    }
  }

  /// `bad.yaml`, `text.store`, `short` and others are made by `prepare`.
  static let cases = [
    Case("run", "no-such-sweep", says: "no-such-sweep", "quickstart"),
    Case("run", "quikstart", says: "quickstart"),
    Case("run", "unknown-key.yaml", says: "unknown-key.yaml:3", "epoch", "epochs"),
    Case("run", "wrong-type.yaml", says: "wrong-type.yaml:3", "training.epochs"),
    Case("run", "broken.yaml", says: "broken.yaml:"),
    Case("run", "indivisible.yaml", says: "stage1.0", "48"),
    Case("run", "quickstart", "--set", "training.epoch=3", says: "training.epochs"),
    Case("run", "quickstart", "--set", "nonsense", says: "key.path=value"),
    Case("run", "quickstart", "--workers", "0", says: "--workers 0"),
    Case("run", "quickstart", "--listen", "0.0.0.0", says: "0.0.0.0", "--key", "--insecure"),
    Case("run", "quickstart", "--key", "text.store", says: "--worker-keys"),
    Case("run", "quickstart", "--key", "none.key", "--worker-keys", "none", says: "none.key"),
    Case(
      "coordinator", "quickstart", "--key", "a", "--worker-keys", "b", "--insecure", says: "--insecure",
      "--key"),
    Case(
      "coordinator", "quickstart", "--lease", "2", "--heartbeat", "1.5", says: "--heartbeat 1.5", "half"),
    Case("keygen", "no/such/folder/a.key", says: "no/such/folder/a.key"),
    Case("workers", "list", "--worker-keys", "missing.keys", says: "missing.keys"),
    Case("workers", "revoke", "node7", "--worker-keys", "missing.keys", says: "missing.keys"),
    Case("workers", "allow", "no-key", "--name", "a", "--worker-keys", "new.keys", says: "no-key", "40"),
    Case("workers", "allow", "text.store", "--name", "a/b", "--worker-keys", "new.keys", says: "--name a/b"),
    Case("worker", "--connect", "tcp://127.0.0.1:5555", "--key", "a", says: "--coordinator-key"),
    Case("status", "tcp://127.0.0.1:1", "--key", "none.key", "--coordinator-key", "b", says: "none.key"),
    Case("run", "quickstart", "--port", "70000", says: "65535"),
    Case("run", "quickstart", "--store", "no/such/folder/x.store", says: "no/such/folder"),
    Case("run", "quickstart", "--store", "text.store", says: "text.store"),
    Case("run", "weight-initialization", says: "--data"),
    Case("run", "weight-initialization", "--data", "empty", says: "empty", "data_batch_1.bin"),
    Case("run", "weight-initialization", "--data", "short", says: "data_batch_1.bin", "30730000"),
    Case("worker", "--connect", "localhost", says: "tcp://"),
    Case("worker", "--connect", "tcp://127.0.0.1:99999", says: "tcp://127.0.0.1:99999"),
    Case("worker", "--connect", "tcp://127.0.0.1:5555", "--data", "nowhere", says: "nowhere"),
    Case("status", "missing.store", says: "missing.store"),
    Case("status", "text.store", says: "text.store"),
    Case("status", "tcp://127.0.0.1:1", says: "tcp://127.0.0.1:1"),
    Case("report", "missing.store", says: "missing.store"),
    Case("merge", "missing.store", "text.store", "-o", "out.store", says: "missing.store"),
    Case("export", "text.store", "--csv", "out", says: "text.store"),
    Case("export", "onnx", "text.store", "some", "-o", "out", says: "text.store"),
    Case("export", "activations", "missing.store", "some", "-o", "out", says: "missing.store"),
    Case("export", "activations", "a.store", "some", "-o", "out", "--images", "0", says: "--images 0"),
    Case("describe", "no-such", says: "no-such"),
    Case("data", "fetch", "imagenet", says: "imagenet", "cifar10"),
    Case("data", "check", "empty", says: "empty"),
    Case("bench", "--network", "factorisation=depthwise", says: "factorization"),
    Case("bench", "--network", "factorization={uniform: 48}", says: "stage1.0", "48"),
    Case("bench", "--threads", "0", says: "--threads 0"),
    Case("bench", "--batch", "0", says: "--batch 0"),
    Case("bench", "--inference", "--integer", says: "--inference", "--integer"),
    Case("bench", "throughput", "--seconds=-1", says: "--seconds -1"),
    Case("bench", "evaluation", "--seconds=-1", says: "--seconds -1"),
    Case("bench", "evaluation", "--network", "width=3", says: "width"),
    Case("bench", "machine", "--threads", "5000", says: "--threads 5000"),
    Case("frobnicate", says: "frobnicate"),
    Case("run", "quickstart", "--frobnicate", says: "--frobnicate"),
  ]

  static func prepare(_ folder: URL) throws {
    func file(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    try file("unknown-key.yaml", "name: x\nbase:\n  training: {epoch: 3}\n")
    try file("wrong-type.yaml", "name: x\nbase:\n  training: {epochs: many}\n")
    try file("broken.yaml", "name: x\nbase: {training: [\n")
    try file("indivisible.yaml", "name: x\nbase:\n  network: {factorization: {uniform: 48}}\n")
    try file("text.store", "this is no store, but a text long enough to be looked at as if it were one\n")
    for name in ["empty", "short/cifar-10-batches-bin"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
    }
    for name in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
      try file("short/cifar-10-batches-bin/\(name)", "short")
    }
  }

  @Test(arguments: cases) func oneClearLine(_ bad: Case) async throws {
    try await withTemporaryFolder { folder in
      try Self.prepare(folder)
      let before = try Self.listing(folder)
      let (status, output, errors) = try await StrataProcess.run(bad.arguments, in: folder)
      #expect(status != 0 && status < 128, "status \(status)")
      let lines = errors.split(separator: "\n").filter { !$0.hasPrefix("Usage:") && !$0.hasPrefix("  See ") }
      let message = lines.filter { $0.hasPrefix("Error: ") }
      #expect(message.count == 1, "\(errors)\n\(output)")
      for part in bad.says { #expect(message.first?.contains(part) == true, "\(part) is not in: \(errors)") }
      #expect(try Self.listing(folder) == before, "files were left behind")
    }
  }

  /// Names of all files but the outputs of the processes run.
  static func listing(_ folder: URL) throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path))
      .filter { !$0.hasSuffix(".out") && !$0.hasSuffix(".err") }
  }

  @Test func portInUseIsNamed() async throws {
    try await withTemporaryFolder { folder in
      let first = try StrataProcess(
        ["coordinator", "quickstart", "--store", "a.store", "--port", "0"], in: folder)
      let store = folder.appendingPathComponent("a.store")
      let port = try await Announced.endpoint(of: store).split(separator: ":").last!
      let (status, _, errors) = try await StrataProcess.run(
        ["coordinator", "quickstart", "--store", "b.store", "--port", "\(port)"], in: folder)
      #expect(status == 1)
      #expect(errors.contains("\(port)") && errors.contains("in use"), "\(errors)")
      withExtendedLifetime(first) {}
    }
  }

  @Test func secondCoordinatorOfOneStoreIsRefused() async throws {
    try await withTemporaryFolder { folder in
      let first = try StrataProcess(["coordinator", "quickstart", "--store", "a.store"], in: folder)
      _ = try await Announced.endpoint(of: folder.appendingPathComponent("a.store"))
      let (status, _, errors) = try await StrataProcess.run(
        ["coordinator", "quickstart", "--store", "a.store"], in: folder)
      #expect(status == 1)
      #expect(errors.contains("a.store") && errors.contains("\(first.pid)"), "\(errors)")
    }
  }

  @Test(arguments: [("coordinator.json", true, "it is a folder"), ("checkpoints", false, "it is no folder")])
  func whatStandsInTheWayOfItsFilesIsNamed(name: String, isFolder: Bool, says: String) async throws {
    try await withTemporaryFolder { folder in
      let obstacle = folder.appendingPathComponent("a.store.\(name)")
      if isFolder {
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: false)
      } else {
        try Data().write(to: obstacle)
      }
      let (status, _, errors) = try await StrataProcess.run(
        ["coordinator", "quickstart", "--store", "a.store"], in: folder)
      #expect(status == 1)
      let lines = errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
      #expect(lines.count == 1 && lines[0].contains("a.store.\(name): \(says)"), "\(errors)")
    }
  }

  /// A file size limit stands for a full disk: writes fail where it is reached.
  @Test func fullDiskIsNamed() async throws {
    try await withTemporaryFolder { folder in
      let script = "ulimit -f 16; trap '' XFSZ; exec \"$0\" coordinator quickstart --store full.store"
      let process = Process()
      let errors = Pipe()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = ["-c", script, StrataProcess.binary.path]
      process.currentDirectoryURL = folder
      process.standardInput = FileHandle.nullDevice
      process.standardError = errors
      try process.run()
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 1, "\(text)")
      #expect(text.contains("full.store") && text.contains("disk"), "\(text)")
    }
  }

  /// Synthetic trials are for tests of the cluster, not for those who train.
  @Test func syntheticTrialsAreNotInTheHelp() async throws {
    try await withTemporaryFolder { folder in
      let shown = try await StrataProcess.run(["worker", "--help"], in: folder)
      #expect(shown.status == 0 && shown.output.contains("--checkpoint-interval"))
      #expect(!shown.output.contains("drill"))
      let hidden = try await StrataProcess.run(["worker", "--help-hidden"], in: folder)
      #expect(hidden.output.contains("--drill"))
    }
  }
}
