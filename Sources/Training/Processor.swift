import OneDNN

/// The processor trials are computed on.
public enum Processor {
  /// Name of the instruction set in use, such as `AVX512_CORE_VNNI`: results are bit-identical on equal ones.
  public static var instructionSet: String { InstructionSet.name }
  /// The instruction set and the library's version: what results depend on besides the program, threads and algorithms.
  public static var arithmetic: String { "\(instructionSet), oneDNN \(Engine.version)" }
  /// From now on this process gives large arrays, such as weights on their way into a checkpoint, back to the system
  /// when they are dropped.
  public static func returnLargeArrays() { Engine.returnLargeArrays() }
}
