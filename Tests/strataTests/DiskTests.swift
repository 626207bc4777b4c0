import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Testing

/// The store on a small disk of its own, which fills up or refuses to be written. Needs to be allowed to mount.
@Suite(.serialized, .enabled(if: SmallDisk.available, "needs to be allowed to mount a tmpfs"))
struct DiskTests {
  @Test func aDiskThatFillsUpEndsTheCoordinatorInOneLineAndLosesNothing() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let disk = try SmallDisk(at: folder.appendingPathComponent("disk"), megabytes: 24)
      defer { disk.remove() }
      let sweep = try RecoveryTests.write(in: folder)
      let store = disk.folder.appendingPathComponent("run.store")
      let first = try RecoveryTests.coordinator(sweep, store, in: folder)
      let worker = try await RecoveryTests.worker(store, named: "steady", in: folder)
      let running = try await RecoveryTests.waitForCheckpoint(store)
      try disk.fill()
      #expect(try await first.wait(seconds: 120) == 1, "\(first.standardError)")
      let errors = first.standardError.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
      #expect(
        errors.count == 1 && errors[0].contains("no space left on the disk of \(store.path)"), "\(errors)")
      #expect(worker.isRunning, "\(worker.standardError)")

      try disk.free()
      let second = try RecoveryTests.coordinator(sweep, store, in: folder)
      #expect(try await second.wait() == 0, "\(second.standardError)\n\(worker.standardError)")
      #expect(try await worker.wait(seconds: 60) == 0, "\(worker.standardError)")
      #expect(try RecoveryTests.attempts(store, of: running.attempt.trial).count == 1)
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }

  @Test func aDiskThatCannotBeWrittenIsNamed() async throws {
    try await withTemporaryFolder { folder in
      let disk = try SmallDisk(at: folder.appendingPathComponent("disk"), megabytes: 8)
      defer { disk.remove() }
      let store = disk.folder.appendingPathComponent("run.store")
      let sweep = try RecoveryTests.write(in: folder)
      try Store.open(store.path).close()
      try disk.remount("ro")
      let (status, _, errors) = try await StrataProcess.run(
        ["coordinator", sweep, "--store", store.path], in: folder)
      #expect(status == 1)
      let lines = errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
      #expect(lines.count == 1 && lines[0].contains("cannot write \(store.path)"), "\(errors)")
      #expect(lines.first?.contains("read-only file system") == true, "\(errors)")
    }
  }
}

/// A tmpfs of a few megabytes.
final class SmallDisk {
  let folder: URL

  static let available: Bool = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-disk-\(getpid())")
    guard let probe = try? SmallDisk(at: folder, megabytes: 1) else {
      try? FileManager.default.removeItem(at: folder)
      return false
    }
    probe.remove()
    try? FileManager.default.removeItem(at: folder)
    return true
  }()

  init(at folder: URL, megabytes: Int) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Self.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path)
  }

  private var filler: String { folder.appendingPathComponent("filler").path }

  /// Takes all the space there is.
  func fill() throws {
    let file = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard file >= 0 else { throw DeadlinePassed(description: "cannot fill \(folder.path)") }
    defer { close(file) }
    for size in [65536, 4096, 1] {
      let bytes = [UInt8](repeating: 1, count: size)
      while write(file, bytes, size) > 0 {}
    }
  }

  func free() throws { try FileManager.default.removeItem(atPath: filler) }

  func remount(_ option: String) throws { try Self.run("mount", "-o", "remount,\(option)", folder.path) }

  func remove() { try? Self.run("umount", "-l", folder.path) }

  private static func run(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw DeadlinePassed(description: "\(arguments.joined(separator: " ")) failed")
    }
  }
}
