internal import Foundation
internal import GRDB

/// Writes comma-separated values as RFC 4180 has them: CRLF after every record, quotes where they are needed. NULL is
/// an empty field and an empty text a quoted one; numbers read back to the same bits.
struct CSVFile: ~Copyable {
  private let path: String
  private let handle: FileHandle
  private var buffer: [UInt8] = []

  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw StoreError.unwritable(path: path, reason: systemReason(errno)) }
    self.handle = handle
  }

  mutating func write(_ fields: some Sequence<String>) throws {
    var first = true
    for field in fields {
      if !first { buffer.append(UInt8(ascii: ",")) }
      first = false
      buffer.append(contentsOf: field.utf8)
    }
    buffer.append(contentsOf: "\r\n".utf8)
    if buffer.count > 1 << 20 { try flush() }
  }

  private mutating func flush() throws {
    do {
      try handle.write(contentsOf: buffer)
      buffer.removeAll(keepingCapacity: true)
    } catch {
      throw StoreError.unwritable(path: path, reason: systemReason(errno))
    }
  }

  mutating func finish() throws {
    try flush()
    try handle.synchronize()
    try handle.close()
  }

  static func field(_ text: String) -> String {
    let needsQuotes = text.isEmpty || text.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
    return needsQuotes ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
  }

  static func field(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: ""
    case .int64(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let text): field(text)
    case .blob(let data): field(data.map { String(format: "%02x", $0) }.joined())
    }
  }
}
