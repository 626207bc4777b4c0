/// A TCP address as people write it: `tcp://HOST:PORT` or `HOST:PORT`, an IPv6 host in brackets.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// Name or address, without brackets; `*` for every address of this machine.
  public var host: String
  /// 0 lets the system choose when binding.
  public var port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Throws `EndpointError` when `text` is not of the form above. `*` as a port reads as 0.
  public init(_ text: String) throws(EndpointError) {
    var rest = Substring(text)
    if let scheme = text.range(of: "://") {
      guard text[..<scheme.lowerBound] == "tcp" else { throw EndpointError(text: text) }
      rest = text[scheme.upperBound...]
    }
    guard let colon = rest.lastIndex(of: ":") else { throw EndpointError(text: text) }
    var host = rest[..<colon]
    let digits = rest[rest.index(after: colon)...]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") || host.contains("[") || host.contains("]") {
      throw EndpointError(text: text)
    }
    // libzmq names an IPv4 address of a socket that also takes IPv6 this way.
    if host.hasPrefix("::ffff:"), host.contains(".") { host = host.dropFirst(7) }
    let port = digits == "*" ? 0 : Int(digits) ?? -1
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }), 0...65535 ~= port,
      digits.allSatisfy({ $0.isNumber || $0 == "*" })
    else { throw EndpointError(text: text) }
    self.init(host: String(host), port: port)
  }

  /// Where to connect to. Throws `EndpointError` also when `text` has no port but 0.
  public init(connecting text: String) throws(EndpointError) {
    try self.init(text)
    if port == 0 { throw EndpointError(text: text, needsPort: true) }
  }

  /// As libzmq takes it: `tcp://HOST:PORT`, `*` for port 0.
  public var description: String {
    "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port == 0 ? "*" : String(port))"
  }

  /// Whether only processes of this machine can reach it.
  public var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}

/// Text that is not an endpoint, or not one to connect to.
public struct EndpointError: Error, CustomStringConvertible, Sendable, Hashable {
  public let text: String

  /// It is one, but to connect to it takes a port.
  public let needsPort: Bool

  public init(text: String, needsPort: Bool = false) {
    self.text = text
    self.needsPort = needsPort
  }

  public var description: String {
    needsPort
      ? "\"\(text)\" needs a port from 1 to 65535 to connect to, for example tcp://127.0.0.1:5555"
      : "\"\(text)\" is not an endpoint; write tcp://HOST:PORT, for example tcp://127.0.0.1:5555 or tcp://[::1]:5555"
  }
}

extension String {
  fileprivate func range(of needle: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
      start = index(after: start)
    }
    return nil
  }
}
