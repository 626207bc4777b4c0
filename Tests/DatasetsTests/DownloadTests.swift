import Crypto
import Datasets
import Foundation
import Synchronization
import Testing

private let pythonIsInstalled = (try? Process.output("python3", ["-c", "print(1)"])) == "1"

extension Process {
  /// Standard output of a command that succeeds, without the last line feed.
  fileprivate static func output(_ command: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    struct Failed: Error {}
    guard process.terminationStatus == 0 else { throw Failed() }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}

/// A local server with one small archive of a folder `images` that holds a file `one.bin`.
private final class ArchiveServer: @unchecked Sendable {
  let scratch: ScratchDirectory
  let root: URL
  let archive: Data
  private let process = Process()

  init() throws {
    scratch = try ScratchDirectory()
    root = scratch.file("served")
    let folder = scratch.file("images")
    for directory in [root, folder] {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }
    var generator = SystemRandomNumberGenerator()
    try Data((0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }).write(
      to: folder.appendingPathComponent("one.bin"))
    let packed = root.appendingPathComponent("images.tar.gz")
    _ = try Process.output("tar", ["-czf", packed.path, "-C", scratch.url.path, "images"])
    archive = try Data(contentsOf: packed)
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", try fixture("archive_server.py").path, root.path]
    process.standardOutput = pipe
    try process.run()
    let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .newlines)))
  }

  private(set) var port = 0

  deinit {
    // Not SIGTERM: a child inherits the signal mask of the thread that starts it, and dispatch threads block it.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  var md5: String { Insecure.MD5.hash(data: archive).map { String(format: "%02x", $0) }.joined() }

  func download(
    path: String = "", fileName: String = "images.tar.gz", md5: String? = nil,
    timeout: Duration = .seconds(20),
    check: @escaping @Sendable (URL) throws -> Void = { _ in }
  ) -> DatasetDownload {
    let archive = DatasetArchive(
      name: "images", fileName: fileName, md5: md5 ?? self.md5, folder: "images", check: check)
    return DatasetDownload(
      archive, into: scratch.file("data"), base: URL(string: "http://127.0.0.1:\(port)/\(path)")!,
      timeout: timeout)
  }

  /// What the download left in its directory.
  var leftovers: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: scratch.file("data").path)) ?? []
  }
}

private func failure(_ download: DatasetDownload) async -> String {
  do { return "succeeded: \(try await download.run().path)" } catch { return "\(error)" }
}

@Suite(.enabled(if: pythonIsInstalled, "python3 is not installed: no local server to download from"))
struct DownloadTests {
  @Test func fetchesChecksAndUnpacks() async throws {
    let server = try ArchiveServer()
    let seen = Mutex<[(Int64, Int64?)]>([])
    let url = try await server.download().run { received, total in
      seen.withLock { $0.append((received, total)) }
    }
    #expect(url.lastPathComponent == "images" && server.leftovers == ["images"])
    let unpacked = try Data(contentsOf: url.appendingPathComponent("one.bin"))
    #expect(try unpacked == Data(contentsOf: server.scratch.file("images/one.bin")))
    let reports = seen.withLock { $0 }
    #expect(reports.map(\.0) == reports.map(\.0).sorted() && reports.last?.0 == Int64(server.archive.count))
    #expect(reports.allSatisfy { $0.1 == Int64(server.archive.count) })
    // Once it is there nothing is fetched again: not even the server's absence matters.
    let again = server.download(fileName: "gone.tar.gz")
    #expect(try await again.run().path == url.path)
  }

  @Test func refusesAnIncompleteFolderThatIsAlreadyThere() async throws {
    let server = try ArchiveServer()
    let download = server.download(check: { _ in throw DatasetError("one.bin is missing") })
    try FileManager.default.createDirectory(
      at: server.scratch.file("data/images"), withIntermediateDirectories: true)
    let message = await failure(download)
    #expect(message.hasSuffix("exists but is not a complete images; remove it first: one.bin is missing"))
    #expect(server.leftovers == ["images"])
  }

  @Test func namesAWrongDigest() async throws {
    let server = try ArchiveServer()
    let wrong = String(repeating: "0", count: 32)
    let message = await failure(server.download(md5: wrong))
    #expect(message.contains("images.tar.gz: MD5 is \(server.md5), expected \(wrong)"))
    #expect(server.leftovers == [])
  }

  @Test func namesTheStatus() async throws {
    let server = try ArchiveServer()
    let message = await failure(server.download(fileName: "gone.tar.gz"))
    #expect(message.hasPrefix("http://127.0.0.1:\(server.port)/gone.tar.gz: the server answered 404"))
    #expect(server.leftovers == [])
  }

  @Test func noticesATruncatedAnswer() async throws {
    let server = try ArchiveServer()
    let message = await failure(server.download(path: "short/"))
    #expect(message.contains("/short/images.tar.gz"))
    #expect(!message.hasPrefix("succeeded") && server.leftovers == [])
  }

  @Test func givesUpOnASilentServer() async throws {
    let server = try ArchiveServer()
    let message = await failure(server.download(path: "stall/", timeout: .seconds(1)))
    #expect(message.contains("download failed after"))
    #expect(server.leftovers == [])
  }

  @Test func saysThatNothingListens() async throws {
    let server = try ArchiveServer()
    let archive = DatasetArchive(name: "images", fileName: "a", md5: "", folder: "images", check: { _ in })
    // Port 1 of loopback: nothing listens there without being root's tcpmux.
    let nowhere = DatasetDownload(
      archive, into: server.scratch.file("data"), base: URL(string: "http://127.0.0.1:1/")!,
      timeout: .seconds(5))
    #expect(await failure(nowhere).hasPrefix("http://127.0.0.1:1/a: download failed after 0 bytes: "))
  }

  @Test func reportsWhatTarSays() async throws {
    let server = try ArchiveServer()
    let junk = Data("no archive at all".utf8)
    try junk.write(to: server.root.appendingPathComponent("junk.tar.gz"))
    let md5 = Insecure.MD5.hash(data: junk).map { String(format: "%02x", $0) }.joined()
    let message = await failure(server.download(fileName: "junk.tar.gz", md5: md5))
    #expect(message.hasPrefix("junk.tar.gz: tar cannot unpack it: "))
    #expect(server.leftovers == [])
  }

  @Test func aFullDiskIsNamed() throws {
    let sink = try ArchiveSink(path: "/dev/full")
    #expect(throws: DatasetError("/dev/full: cannot be written: No space left on device")) {
      try sink.write(Data([1, 2, 3]))
    }
  }

  @Test func anUnwritableDirectoryIsNamed() async throws {
    let server = try ArchiveServer()
    let file = server.scratch.file("data")
    try Data().write(to: file)
    #expect(await failure(server.download()).hasPrefix("\(file.path): cannot be made or written to"))
  }
}
