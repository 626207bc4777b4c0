internal import Crypto
internal import Foundation
internal import SweepProtocol

/// The checkpoint files beside a store, `STORE.checkpoints/`. A file is there whole or not at all: it is written
/// under another name, synced, and renamed.
package struct CheckpointDirectory: Sendable {
  /// Why a file could not be written or read, in a few words.
  struct Failure: Error, Hashable {
    let reason: String
    /// The file is not there, or not whole: trying again does not help.
    let isDamage: Bool
    init(_ reason: String, isDamage: Bool = false) {
      self.reason = reason
      self.isDamage = isDamage
    }
    init(errno code: Int32) {
      self.init(String(cString: strerror(code)), isDamage: code == ENOENT)
    }
  }

  let path: String

  package static func path(store: String) -> String { store + ".checkpoints" }

  /// `TRIAL.ATTEMPT.HASH.safetensors`: of digits and hexadecimal digits, whatever a peer says.
  static func name(_ checkpoint: StoredCheckpoint) -> String {
    let (attempt, hash) = (checkpoint.attempt, checkpoint.descriptor.sha256)
    precondition(attempt.trial.allSatisfy(\.isHexDigit) && hash.allSatisfy(\.isHexDigit))
    return "\(attempt.trial).\(attempt.number).\(hash.prefix(12))\(suffix)"
  }

  /// Makes the directory, and clears it of what a crash left: files begun, and files no row names.
  init(store: String, keeping names: Set<String>) throws(CoordinatorError) {
    path = Self.path(store: store)
    guard mkdir(path, 0o755) == 0 || errno == EEXIST, access(path, R_OK | W_OK | X_OK) == 0 else {
      let reason = String(cString: strerror(errno))
      throw .checkpointDirectory(
        path: path, reason: PathKind.of(path) == .file ? "it is no folder; move it out of the way" : reason)
    }
    for name in Self.contents(of: path) {
      let isOurs = name.hasSuffix(Self.part) || name.hasSuffix(Self.suffix)
      if isOurs, !names.contains(name) { unlink("\(path)/\(name)") }
    }
  }

  private static let part = ".part"
  private static let suffix = ".safetensors"

  private static func contents(of path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  func create(number: UInt64) throws(Failure) -> IncomingFile {
    try IncomingFile(path: "\(path)/\(getpid())-\(number)\(Self.part)")
  }

  /// Gives a whole file its name. Durable after the next `sync`.
  func name(_ file: IncomingFile, as checkpoint: StoredCheckpoint) throws(Failure) {
    guard rename(file.path, "\(path)/\(Self.name(checkpoint))") == 0 else {
      throw Failure(errno: errno)
    }
  }

  /// Returns once all names are on the disk.
  func sync() throws(Failure) {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw Failure(errno: errno) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw Failure(errno: errno) }
  }

  func read(_ checkpoint: StoredCheckpoint) throws(Failure) -> OutgoingFile {
    try OutgoingFile(path: "\(path)/\(Self.name(checkpoint))", size: checkpoint.descriptor.size)
  }

  func delete(_ checkpoint: StoredCheckpoint) {
    unlink("\(path)/\(Self.name(checkpoint))")
  }
}

/// A file being written; gone with this unless named.
final class IncomingFile {
  let path: String
  private let descriptor: Int32
  private var hash = SHA256()
  /// Bytes written.
  private(set) var count = 0

  init(path: String) throws(CheckpointDirectory.Failure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CheckpointDirectory.Failure(errno: errno) }
  }

  deinit {
    // A file that has been named has another path by now.
    unlink(path)
    close(descriptor)
  }

  func append(_ bytes: ArraySlice<UInt8>) throws(CheckpointDirectory.Failure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw CheckpointDirectory.Failure(errno: errno) }
      done += count
    }
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    count += bytes.count
  }

  /// Returns once its bytes are on the disk. They do not stay in memory: a checkpoint is hardly ever read again, and to
  /// find memory for one after another takes longer than to write them.
  func sync() throws(CheckpointDirectory.Failure) {
    guard fdatasync(descriptor) == 0 else { throw CheckpointDirectory.Failure(errno: errno) }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// SHA-256 of all its bytes, hexadecimal.
  var digest: String { hexadecimal(hash) }
}

/// A published file being sent. Stays readable when it is deleted meanwhile.
final class OutgoingFile {
  private let descriptor: Int32
  private var hash = SHA256()
  /// Bytes read.
  private(set) var offset = 0

  /// Throws also when the file does not have `size` bytes.
  init(path: String, size: Int) throws(CheckpointDirectory.Failure) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CheckpointDirectory.Failure(errno: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) == size else {
      throw CheckpointDirectory.Failure(
        "it has \(status.st_size) bytes where \(size) were stored", isDamage: true)
    }
  }

  deinit { close(descriptor) }

  /// The next chunk, or what is left to offset `end`.
  func next(upTo end: Int) throws(CheckpointDirectory.Failure) -> [UInt8] {
    let count = min(CheckpointLimits.chunk, end - offset)
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress! + done, count - done, off_t(offset + done))
      }
      if read < 0 && errno == EINTR { continue }
      guard read > 0 else {
        throw CheckpointDirectory.Failure(read < 0 ? String(cString: strerror(errno)) : "it was cut short")
      }
      done += read
    }
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    offset += count
    return bytes
  }

  /// SHA-256 of what has been read, hexadecimal.
  var digest: String { hexadecimal(hash) }
}

private func hexadecimal(_ hash: SHA256) -> String {
  hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
