/// The version of the program; workers of another version are refused, so that one store holds one program's
/// numbers: to be raised with every change that moves a bit of a result.
public enum ProgramVersion {
  public static let current = "0.8.0"
}

/// The version of the wire format, in every message's header.
public enum ProtocolVersion {
  public static let current: UInt16 = 1
}
