/// Where a message's repeated messages are, so that they can be counted before it is decoded: an entry of two bytes
/// becomes hundreds in memory, so that a frame of allowed length alone would not bound it.
indirect enum WireShape: Sendable {
  /// A message, by the numbers of those of its fields that hold others.
  case message([UInt64: WireShape])
  /// Entries of a repeated field.
  case entries

  /// Entries of a frame at most, of all its repeated messages together.
  static let mostEntries = 1 << 17

  static let worker = message([
    3: .message([7: .entries, 10: .entries]),
    4: .message([2: .entries]),
    5: .message([2: .message([7: .entries, 8: .entries, 9: .entries])]),
    6: .message([5: .entries]),
  ])
  static let clientReply = message([1: .message([11: .entries, 12: .entries])])
  /// Without repeated messages.
  static let plain = message([:])

  /// - Throws: `WireError.field` where there are more entries than `mostEntries`. What is no protobuf message is left
  ///   to the decoder to refuse.
  func check(_ payload: ArraySlice<UInt8>) throws(WireError) {
    guard case .message(let fields) = self, !fields.isEmpty else { return }
    var left = Self.mostEntries
    try Self.count(payload, fields, &left)
  }

  private static func count(
    _ bytes: ArraySlice<UInt8>, _ fields: [UInt64: WireShape], _ left: inout Int
  ) throws(WireError) {
    var rest = bytes
    while let tag = varint(&rest) {
      switch tag & 7 {
      case 0: if varint(&rest) == nil { return }
      case 1: rest = rest.dropFirst(8)
      case 5: rest = rest.dropFirst(4)
      case 2:
        guard let length = varint(&rest), length <= UInt64(rest.count) else { return }
        let content = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        switch fields[tag >> 3] {
        case .entries?:
          left -= 1
          if left < 0 { throw .field("\(tag >> 3)", "has more than \(mostEntries) entries") }
        case .message(let inner)?: try count(content, inner, &left)
        case nil: break
        }
      // Groups: what is in one is counted as if it stood outside.
      default: break
      }
    }
  }

  /// Takes a number of up to ten bytes off the front; nil: there is none.
  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
