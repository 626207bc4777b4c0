/// Encodes any `Encodable` into a tree of settings.
struct SettingEncoder: Encoder {
  final class Slot { var node = SettingNode(.null) }

  let slot: Slot
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  static func encode(_ value: some Encodable) throws -> SettingNode {
    switch value {
    case let value as Bool: return SettingNode(.bool(value))
    case let value as Int: return SettingNode(.integer(value))
    case let value as Double: return SettingNode(.number(value))
    case let value as String: return SettingNode(.text(value))
    default:
      let slot = Slot()
      try value.encode(to: SettingEncoder(slot: slot))
      return slot.node
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.node = .emptyMap
    return KeyedEncodingContainer(Keyed<Key>(slot: slot))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.node = SettingNode(.list([]))
    return Unkeyed(slot: slot)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot) }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: SettingEncoder.Slot
  let codingPath: [any CodingKey] = []

  func append(_ node: SettingNode, _ key: Key) {
    guard case .map(var entries) = slot.node.content else { return }
    // Not shared while it grows.
    slot.node.content = .null
    entries.append(SettingEntry(key: key.stringValue, value: node))
    slot.node.content = .map(entries)
  }
  mutating func encodeNil(forKey key: Key) throws { append(SettingNode(.null), key) }
  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    append(try SettingEncoder.encode(value), key)
  }
  mutating func encode(_ value: Bool, forKey key: Key) throws { append(SettingNode(.bool(value)), key) }
  mutating func encode(_ value: Int, forKey key: Key) throws { append(SettingNode(.integer(value)), key) }
  mutating func encode(_ value: Double, forKey key: Key) throws { append(SettingNode(.number(value)), key) }
  mutating func encode(_ value: String, forKey key: Key) throws { append(SettingNode(.text(value)), key) }
  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> { preconditionFailure("settings encode whole values") }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    preconditionFailure("settings encode whole values")
  }
  mutating func superEncoder() -> any Encoder { preconditionFailure("settings are values, not classes") }
  mutating func superEncoder(forKey key: Key) -> any Encoder {
    preconditionFailure("settings are values, not classes")
  }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let slot: SettingEncoder.Slot
  let codingPath: [any CodingKey] = []
  var count = 0

  mutating func append(_ node: SettingNode) {
    guard case .list(var nodes) = slot.node.content else { return }
    slot.node.content = .null
    nodes.append(node)
    slot.node.content = .list(nodes)
    count += 1
  }
  mutating func encodeNil() throws { append(SettingNode(.null)) }
  mutating func encode<T: Encodable>(_ value: T) throws { append(try SettingEncoder.encode(value)) }
  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> { preconditionFailure("settings encode whole values") }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    preconditionFailure("settings encode whole values")
  }
  mutating func superEncoder() -> any Encoder { preconditionFailure("settings are values, not classes") }
}

private struct Single: SingleValueEncodingContainer {
  let slot: SettingEncoder.Slot
  let codingPath: [any CodingKey] = []

  mutating func encodeNil() throws { slot.node = SettingNode(.null) }
  mutating func encode<T: Encodable>(_ value: T) throws { slot.node = try SettingEncoder.encode(value) }
}
