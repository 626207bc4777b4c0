public import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Fetches an archive, checks its MD5 while it arrives, unpacks it with `tar`, checks the files, and only then
/// moves them into place: an interrupted or failed download leaves nothing behind under the final name.
public struct DatasetDownload: Sendable {
  /// Where the CIFAR archives are published.
  public static let officialBase = URL(string: "https://www.cs.toronto.edu/~kriz/")!

  public let archive: DatasetArchive
  /// The directory that will hold the unpacked folder; made if missing.
  public let directory: URL
  /// The archive is fetched from `base` + its file name.
  public let base: URL
  /// How long the server may send nothing.
  public let timeout: Duration

  public init(
    _ archive: DatasetArchive, into directory: URL, base: URL = officialBase, timeout: Duration = .seconds(60)
  ) {
    self.archive = archive
    self.directory = directory
    self.base = base
    self.timeout = timeout
  }

  /// - Parameter progress: called with the bytes received so far and, if the server says, the bytes in all; from
  ///   any thread, one call at a time.
  /// - Returns: the directory with the data set's files; at once if it is already there and complete.
  /// - Throws: `DatasetError` naming the address or file: HTTP status, no network, timeout, wrong MD5, full disk.
  @discardableResult
  public func run(progress: @escaping @Sendable (Int64, Int64?) -> Void = { _, _ in }) async throws -> URL {
    let files = FileManager.default
    let target = directory.appendingPathComponent(archive.folder)
    if files.fileExists(atPath: target.path) {
      do { try archive.check(target) } catch {
        throw DatasetError(
          "\(target.path) exists but is not a complete \(archive.name); remove it first: \(error)")
      }
      return target
    }
    let workplace = directory.appendingPathComponent(".\(archive.name)-\(UUID().uuidString)")
    do { try files.createDirectory(at: workplace, withIntermediateDirectories: true) } catch {
      throw DatasetError("\(directory.path): cannot be made or written to: \(error.localizedDescription)")
    }
    defer { try? files.removeItem(at: workplace) }
    let packed = workplace.appendingPathComponent(archive.fileName)
    let md5 = try await fetch(to: packed, progress: progress)
    guard md5 == archive.md5 else {
      throw DatasetError(
        "\(address): MD5 is \(md5), expected \(archive.md5): not the published archive, or damaged")
    }
    try await unpack(packed, into: workplace)
    let unpacked = workplace.appendingPathComponent(archive.folder)
    try archive.check(unpacked)
    guard rename(unpacked.path, target.path) == 0 else {
      throw DatasetError("\(target.path): cannot be put in place: \(String(cString: strerror(errno)))")
    }
    return target
  }

  private var address: String { base.appendingPathComponent(archive.fileName).absoluteString }

  private func fetch(to file: URL, progress: @escaping @Sendable (Int64, Int64?) -> Void) async throws
    -> String
  {
    let sink = try ArchiveSink(path: file.path)
    let transfer = ArchiveTransfer(
      from: base.appendingPathComponent(archive.fileName), to: sink, timeout: timeout, progress: progress)
    try await transfer.run()
    return try sink.finish()
  }

  private func unpack(_ packed: URL, into folder: URL) async throws {
    let tar = Process()
    let errors = Pipe()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "--no-same-owner", "-xzf", packed.path, "-C", folder.path]
    tar.standardError = errors
    let status: Int32 = try await withCheckedThrowingContinuation { continuation in
      tar.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try tar.run() } catch {
        continuation.resume(throwing: DatasetError("tar cannot be started: \(error.localizedDescription)"))
      }
    }
    guard status == 0 else {
      let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let line = message.split(separator: "\n").first.map(String.init) ?? "status \(status)"
      throw DatasetError("\(archive.fileName): tar cannot unpack it: \(line)")
    }
  }
}
