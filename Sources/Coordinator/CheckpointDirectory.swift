internal import Foundation
internal import SweepProtocol

/// The checkpoint files beside a store, `STORE.checkpoints/`. A file is there whole or not at all: it is written
/// under another name, synced, and renamed.
struct CheckpointDirectory {
  /// Why a file could not be written or read, in a few words.
  struct Failure: Error, Hashable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
    init(errno code: Int32) { reason = String(cString: strerror(code)) }
  }

  let path: String

  static func path(store: String) -> String { store + ".checkpoints" }

  /// A file's name: of digits, hexadecimal digits and what joins them, whatever a peer says. It holds the position
  /// and hash too, so that a new file never takes the place of the one the store's row names.
  static func name(trial: String, _ descriptor: CheckpointDescriptor) -> String {
    precondition(trial.allSatisfy(\.isHexDigit) && descriptor.sha256.allSatisfy(\.isHexDigit))
    let position = descriptor.position
    return "\(trial).\(position.epoch)-\(position.step).\(descriptor.sha256.prefix(16)).safetensors"
  }

  /// Makes the directory, and clears it of what a crash left: files begun, and files no row names.
  init(store: String, keeping names: Set<String>) throws(CoordinatorError) {
    path = Self.path(store: store)
    guard mkdir(path, 0o755) == 0 || errno == EEXIST, access(path, R_OK | W_OK | X_OK) == 0 else {
      throw .checkpointDirectory(path: path, reason: String(cString: strerror(errno)))
    }
    for name in Self.contents(of: path) where name.hasSuffix(Self.part) || name.hasSuffix(".safetensors") {
      if !names.contains(name) { unlink("\(path)/\(name)") }
    }
  }

  private static let part = ".part"

  private static func contents(of path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  func create(number: UInt64) throws(Failure) -> IncomingFile {
    try IncomingFile(path: "\(path)/\(getpid())-\(number)\(Self.part)")
  }

  /// Gives a whole file its name, and returns once the name is on the disk.
  func publish(_ file: IncomingFile, trial: String, _ descriptor: CheckpointDescriptor) throws(Failure) {
    try file.sync()
    guard rename(file.path, "\(path)/\(Self.name(trial: trial, descriptor))") == 0 else {
      throw Failure(errno: errno)
    }
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw Failure(errno: errno) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw Failure(errno: errno) }
  }

  func read(trial: String, _ descriptor: CheckpointDescriptor) throws(Failure) -> OutgoingFile {
    try OutgoingFile(path: "\(path)/\(Self.name(trial: trial, descriptor))", size: descriptor.size)
  }

  func delete(trial: String, keeping kept: CheckpointDescriptor?) {
    let keptName = kept.map { Self.name(trial: trial, $0) }
    for name in Self.contents(of: path) where name.hasPrefix("\(trial).") && name != keptName {
      unlink("\(path)/\(name)")
    }
  }
}

/// A file being written; gone with this unless published.
final class IncomingFile {
  let path: String
  private let descriptor: Int32

  init(path: String) throws(CheckpointDirectory.Failure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CheckpointDirectory.Failure(errno: errno) }
  }

  deinit {
    // A published file has another name by now.
    unlink(path)
    close(descriptor)
  }

  func append(_ bytes: [UInt8]) throws(CheckpointDirectory.Failure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw CheckpointDirectory.Failure(errno: errno) }
      done += count
    }
  }

  func sync() throws(CheckpointDirectory.Failure) {
    guard fsync(descriptor) == 0 else { throw CheckpointDirectory.Failure(errno: errno) }
  }
}

/// A published file being sent. Stays readable when it is deleted meanwhile.
final class OutgoingFile {
  private let descriptor: Int32

  /// Throws also when the file does not have `size` bytes.
  init(path: String, size: Int) throws(CheckpointDirectory.Failure) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CheckpointDirectory.Failure(errno: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) == size else {
      throw CheckpointDirectory.Failure("it has \(status.st_size) bytes where \(size) were stored")
    }
  }

  deinit { close(descriptor) }

  func bytes(at offset: Int, count: Int) throws(CheckpointDirectory.Failure) -> [UInt8] {
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
    return bytes
  }
}
