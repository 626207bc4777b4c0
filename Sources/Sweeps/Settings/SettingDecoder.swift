/// Decodes any `Decodable` from a tree of settings; every failure is a `SweepError` that names place and key path.
struct SettingDecoder: Decoder {
  let node: SettingNode
  let path: [String]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  var codingPath: [any CodingKey] { [] }

  static func decode<T: Decodable>(_ type: T.Type, from node: SettingNode, at path: [String] = []) throws -> T
  {
    let decoder = SettingDecoder(node: node, path: path)
    if let value = try decoder.scalar(type) { return value }
    do {
      return try T(from: decoder)
    } catch DecodingError.dataCorrupted(let context) {
      throw decoder.error(context.debugDescription)
    }
  }

  /// The value where `type` is one of the four that settings are made of; nil where it is any other type.
  private func scalar<T>(_ type: T.Type) throws -> T? {
    switch (type, node.content) {
    case (is Int.Type, .integer(let value)): value as? T
    case (is Int.Type, .number(let value)):
      if let whole = Int(exactly: value) { whole as? T } else { throw error("must be a whole number") }
    case (is Int.Type, _): throw error("must be a whole number")
    case (is Double.Type, .number(let value)):
      if value.isFinite { value as? T } else { throw error("must be a finite number") }
    case (is Double.Type, .integer(let value)): Double(value) as? T
    case (is Double.Type, _): throw error("must be a number")
    case (is Bool.Type, .bool(let value)): value as? T
    case (is Bool.Type, _): throw error("must be true or false")
    case (is String.Type, .text(let value)): value as? T
    case (is String.Type, _): throw error("must be text")
    default: nil
    }
  }

  /// `training.epochs is fast: it must be a whole number`
  func error(_ expected: String) -> SweepError {
    let subject = path.isEmpty ? "" : path.joined(separator: ".") + " "
    return SweepError(node.place?.description, "\(subject)is \(node.excerpt): it \(expected)")
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let entries = node.entries else { throw error("must be a map of settings") }
    return KeyedDecodingContainer(Keyed<Key>(decoder: self, entries: entries))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let nodes) = node.content else { throw error("must be a list") }
    return Unkeyed(decoder: self, nodes: nodes)
  }
  func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: SettingDecoder
  let entries: [SettingEntry]
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { entries.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool { entries.contains { $0.key == key.stringValue } }
  func node(_ key: Key) throws -> SettingNode {
    guard let entry = entries.first(where: { $0.key == key.stringValue }) else {
      throw SweepError(decoder.node.place, decoder.path, "\(key.stringValue) is missing")
    }
    return entry.value
  }
  func decodeNil(forKey key: Key) throws -> Bool { try node(key).content == .null }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try SettingDecoder.decode(type, from: node(key), at: decoder.path + [key.stringValue])
  }
  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> { try superDecoder(forKey: key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try superDecoder(forKey: key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder {
    SettingDecoder(node: try node(key), path: decoder.path + [key.stringValue])
  }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  let decoder: SettingDecoder
  let nodes: [SettingNode]
  var codingPath: [any CodingKey] { [] }
  var count: Int? { nodes.count }
  var currentIndex = 0
  var isAtEnd: Bool { currentIndex >= nodes.count }

  mutating func next() throws -> SettingDecoder {
    guard !isAtEnd else { throw decoder.error("must have more elements") }
    defer { currentIndex += 1 }
    return SettingDecoder(node: nodes[currentIndex], path: decoder.path + ["\(currentIndex)"])
  }
  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, nodes[currentIndex].content == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let element = try next()
    return try SettingDecoder.decode(type, from: element.node, at: element.path)
  }
  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> { try next().container(keyedBy: type) }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct Single: SingleValueDecodingContainer {
  let decoder: SettingDecoder
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { decoder.node.content == .null }
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try SettingDecoder.decode(type, from: decoder.node, at: decoder.path)
  }
}
