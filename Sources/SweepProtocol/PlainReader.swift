internal import Glibc

/// Reads protobuf's binary encoding where it is as plain as encoders write it: known fields, each once and in
/// ascending order, lists of numbers packed, texts in ASCII. Anything else makes it fail, and is for the generated
/// decoder to accept or to refuse.
///
/// A field that is missing has its default. After a failure all values are meaningless.
struct PlainReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// Of the message being read.
  private var end: Int
  private(set) var failed = false
  /// Entries of repeated messages so far.
  private var entries = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    end = bytes.count
  }

  var isAtEnd: Bool { position == end }

  mutating func fail() {
    failed = true
    position = end
  }

  /// Reads the field's tag, if it is what comes next.
  @inline(__always)
  mutating func has(_ field: Int, _ type: PlainWireType) -> Bool {
    let tag = field << 3 | type.rawValue
    if tag < 0x80 {
      guard position < end, bytes[position] == UInt8(tag) else { return false }
      position += 1
    } else {
      guard position + 1 < end, bytes[position] == UInt8(tag & 0x7f | 0x80),
        bytes[position + 1] == UInt8(tag >> 7)
      else { return false }
      position += 2
    }
    return true
  }

  @inline(__always)
  private mutating func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 63 {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    fail()
    return 0
  }

  @inline(__always)
  private mutating func fixed<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
    let size = MemoryLayout<Value>.size
    guard end - position >= size else {
      fail()
      return 0
    }
    defer { position += size }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
  }

  /// The length of what follows, within the message being read.
  private mutating func length() -> Int {
    let length = varint()
    guard length <= UInt64(end - position) else {
      fail()
      return 0
    }
    return Int(length)
  }

  @inline(__always)
  mutating func unsigned(_ field: Int) -> UInt64 { optionalUnsigned(field) ?? 0 }

  @inline(__always)
  mutating func optionalUnsigned(_ field: Int) -> UInt64? { has(field, .varint) ? varint() : nil }

  @inline(__always)
  mutating func integer(_ field: Int, upTo limit: Int) -> Int {
    let value = unsigned(field)
    if value > UInt64(limit) {
      fail()
      return 0
    }
    return Int(value)
  }

  @inline(__always)
  mutating func double(_ field: Int) -> Double { optionalDouble(field) ?? 0 }

  @inline(__always)
  mutating func optionalDouble(_ field: Int) -> Double? {
    has(field, .fixed64) ? Double(bitPattern: fixed(UInt64.self)) : nil
  }

  @inline(__always)
  mutating func float(_ field: Int) -> Float {
    has(field, .fixed32) ? Float(bitPattern: fixed(UInt32.self)) : 0
  }

  /// - Parameter guess: what it probably is: a text that is equal to it is not made again.
  mutating func text(_ field: Int, upTo limit: Int, like guess: String? = nil) -> String {
    guard has(field, .bytes) else { return "" }
    let length = length()
    let text = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
    if let guess, guess.utf8.count == length, length <= limit, Self.isASCII(guess, equalTo: text) {
      position += length
      return guess
    }
    guard length <= limit, text.allSatisfy({ $0 < 0x80 }) else {
      fail()
      return ""
    }
    position += length
    return String(decoding: text, as: UTF8.self)
  }

  /// - Parameters:
  ///   - guess: a text that `text` has returned.
  ///   - bytes: as many as it has.
  private static func isASCII(_ guess: String, equalTo bytes: UnsafeRawBufferPointer) -> Bool {
    var guess = guess
    return guess.withUTF8 { $0.isEmpty || memcmp($0.baseAddress!, bytes.baseAddress!, bytes.count) == 0 }
  }

  /// 64 lower-case hexadecimal digits.
  mutating func digest(_ field: Int) -> String {
    let digest = text(field, upTo: 64)
    if (try? checkedDigest(digest, "")) == nil { fail() }
    return digest
  }

  /// Where the field's bytes lie.
  mutating func range(_ field: Int, upTo limit: Int) -> Range<Int> {
    guard has(field, .bytes) else { return 0..<0 }
    let length = length()
    if length > limit { fail() }
    if failed { return 0..<0 }
    defer { position += length }
    return position..<position + length
  }

  mutating func packedIntegers(_ field: Int) -> [UInt32] {
    guard has(field, .bytes) else { return [] }
    var values: [UInt32] = []
    message {
      values.reserveCapacity($0.end - $0.position)
      while !$0.isAtEnd {
        let value = $0.varint()
        if value > UInt64(UInt32.max) { $0.fail() }
        values.append(UInt32(truncatingIfNeeded: value))
      }
    }
    return values
  }

  mutating func packedFloats(_ field: Int) -> [Float] {
    guard has(field, .bytes) else { return [] }
    let length = length()
    guard length % 4 == 0 else {
      fail()
      return []
    }
    return (0..<length / 4).map { _ in Float(bitPattern: fixed(UInt32.self)) }
  }

  /// How many entries of a repeated message come next, as far as the message may have them.
  func count(_ field: Int) -> Int {
    var ahead = self
    var count = 0
    while count < WireShape.mostEntries - entries, ahead.has(field, .bytes) {
      ahead.position += ahead.length()
      count += 1
    }
    return count
  }

  /// Reads the entries of a repeated message, which are few enough for `WireShape` to let them pass.
  @inline(__always)
  mutating func each(_ field: Int, _ body: (inout PlainReader) -> Void) {
    while has(field, .bytes) {
      entries += 1
      if entries > WireShape.mostEntries { return fail() }
      message(body)
    }
  }

  /// Reads a message, its tag read before, to its very end.
  @inline(__always)
  mutating func message(_ body: (inout PlainReader) -> Void) {
    let outer = end
    let length = length()
    end = position + length
    body(&self)
    if position != end { failed = true }
    end = outer
    if failed { position = outer }
  }
}
