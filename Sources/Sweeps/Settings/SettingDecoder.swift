/// Decodes any `Decodable` from a tree of settings; every failure is a `SweepError` that names place and key path.
struct SettingDecoder: Decoder {
  let node: SettingNode
  private let section: [String]
  private let key: String?
  let userInfo: [CodingUserInfoKey: Any] = [:]
  var codingPath: [any CodingKey] { [] }

  init(node: SettingNode, path: [String]) {
    self.node = node
    section = path
    key = nil
  }

  /// - Parameters:
  ///   - section: key path of the map or list that the node is in.
  ///   - key: its own there.
  init(node: SettingNode, in section: [String], key: String) {
    self.node = node
    self.section = section
    self.key = key
  }

  var path: [String] { key.map { section + [$0] } ?? section }

  static func decode<T: Decodable>(_ type: T.Type, from node: SettingNode, at path: [String] = []) throws -> T
  {
    try SettingDecoder(node: node, path: path).value(type)
  }

  func value<T: Decodable>(_ type: T.Type) throws -> T {
    if let value = try scalar(type) { return value }
    do {
      return try T(from: self)
    } catch DecodingError.dataCorrupted(let context) {
      throw error(context.debugDescription)
    }
  }

  /// The value where `type` is one of the four that settings are made of; nil where it is any other type.
  private func scalar<T>(_ type: T.Type) throws -> T? {
    if type == Int.self { return try integer() as? T }
    if type == Double.self { return try number() as? T }
    if type == Bool.self { return try bool() as? T }
    if type == String.self { return try text() as? T }
    return nil
  }

  func integer() throws -> Int {
    switch node.content {
    case .integer(let value): return value
    case .number(let value): if let whole = Int(exactly: value) { return whole }
    default: break
    }
    throw error("must be a whole number")
  }

  func number() throws -> Double {
    switch node.content {
    case .number(let value):
      if value.isFinite { return value }
      throw error("must be a finite number")
    case .integer(let value): return Double(value)
    default: throw error("must be a number")
    }
  }

  func bool() throws -> Bool {
    if case .bool(let value) = node.content { return value }
    throw error("must be true or false")
  }

  func text() throws -> String {
    if case .text(let value) = node.content { return value }
    throw error("must be text")
  }

  /// `training.epochs is fast: it must be a whole number`
  func error(_ expected: String) -> SweepError {
    let subject = path.isEmpty ? "" : path.joined(separator: ".") + " "
    return SweepError(node.place?.description, "\(subject)is \(node.excerpt): it \(expected)")
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let entries = node.entries else { throw error("must be a map of settings") }
    return KeyedDecodingContainer(Keyed<Key>(decoder: self, path: path, entries: entries))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let nodes) = node.content else { throw error("must be a list") }
    return Unkeyed(decoder: self, path: path, nodes: nodes)
  }
  func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: SettingDecoder
  let path: [String]
  let entries: [SettingEntry]
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { entries.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool { entries.contains { $0.key == key.stringValue } }
  func node(_ key: Key) throws -> SettingNode {
    guard let entry = entries.first(where: { $0.key == key.stringValue }) else {
      throw SweepError(decoder.node.place, path, "\(key.stringValue) is missing")
    }
    return entry.value
  }
  func decodeNil(forKey key: Key) throws -> Bool { try node(key).content == .null }
  private func field(_ key: Key) throws -> SettingDecoder {
    SettingDecoder(node: try node(key), in: path, key: key.stringValue)
  }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try field(key).value(type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try field(key).integer() }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try field(key).number() }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try field(key).bool() }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try field(key).text() }
  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> { try superDecoder(forKey: key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try superDecoder(forKey: key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try field(key) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  let decoder: SettingDecoder
  let path: [String]
  let nodes: [SettingNode]
  var codingPath: [any CodingKey] { [] }
  var count: Int? { nodes.count }
  var currentIndex = 0
  var isAtEnd: Bool { currentIndex >= nodes.count }

  mutating func next() throws -> SettingDecoder {
    guard !isAtEnd else { throw decoder.error("must have more elements") }
    defer { currentIndex += 1 }
    return SettingDecoder(node: nodes[currentIndex], in: path, key: "\(currentIndex)")
  }
  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, nodes[currentIndex].content == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try next().value(type)
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
    try decoder.value(type)
  }
}
