/// The version of the program; workers of another version are refused, so that one store holds one program's
/// numbers.
public enum ProgramVersion {
  public static let current = "0.1.0"
}

/// The version of the wire format, in every message's header.
public enum ProtocolVersion {
  public static let current: UInt16 = 1
}
