/// Ids of workers: UUIDs in lower case. Where workers have keys an id tells the key's: 60 bits of it are the key's
/// first, so that nobody can speak for a worker under another key, whatever the coordinator remembers of it.
public enum WorkerIdentity {
  /// A fresh id, by a key of at least 8 bytes or by none.
  public static func fresh(boundTo key: [UInt8]? = nil) -> String {
    let random = (0..<16).map { _ in UInt8.random(in: 0...255) }
    return prefix(of: key ?? random) + hexadecimal(8, Array(random[8...]))
  }

  /// What every id bound to the key begins with.
  public static func prefix(of key: [UInt8]) -> String { hexadecimal(0, Array(key[..<8])) }

  /// Eight bytes as half of a UUID, version 8 ("custom"), from byte `start` of it on.
  private static func hexadecimal(_ start: Int, _ bytes: [UInt8]) -> String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      let byte =
        switch start + index {
        case 6: byte & 0x0f | 0x80
        case 8: byte & 0x3f | 0x80
        default: byte
        }
      text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      if [3, 5, 7, 9].contains(start + index) { text += "-" }
    }
    return text
  }
}
