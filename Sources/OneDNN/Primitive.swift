import COneDNN

/// What a memory is to a primitive.
public enum Argument: Int32, Sendable {
  case source = 1
  case destination = 17
  case weights = 33
  case bias = 41
  case workspace = 64
  case scratchpad = 80
  case sourceGradient = 129
  case destinationGradient = 145
  case weightsGradient = 161
  case biasGradient = 169
}

/// A computation with fixed shapes and layouts, ready to be bound to memories. Made by the static functions
/// in this target (`convolutionForward` …).
public final class Primitive {
  /// What this computes for whom, e.g. `stage1.0.conv forward`.
  public let name: String
  /// oneDNN's name for the code that runs, e.g. `jit:avx512_core`.
  public let implementation: String
  let engine: Engine
  let descriptor: dnnl_primitive_desc_t
  private var compiled: dnnl_primitive_t?

  /// - Throws: `OneDNNError` if `describe` fails, or if all there is is a reference implementation.
  init(
    _ name: String, engine: Engine, relu: Bool = false,
    describe: (_ out: inout dnnl_primitive_desc_t?, _ attributes: dnnl_primitive_attr_t) -> dnnl_status_t
  ) throws(OneDNNError) {
    var attributes: dnnl_primitive_attr_t?
    try check("\(name), attributes") { onednn_attributes_create(&attributes, relu ? 1 : 0) }
    defer { dnnl_primitive_attr_destroy(attributes) }
    var created: dnnl_primitive_desc_t?
    try check(name) { describe(&created, attributes!) }
    var text: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(created, dnnl_query_impl_info_str, 0, &text)
    let implementation = text.map { String(cString: $0) } ?? ""
    guard status == dnnl_success, !implementation.contains("ref") else {
      dnnl_primitive_desc_destroy(created)
      throw OneDNNError(
        subject: name,
        reason: status == dnnl_success
          ? .referenceImplementation(implementation) : .status(UInt32(status.rawValue)))
    }
    self.name = name
    self.implementation = implementation
    self.engine = engine
    self.descriptor = created!
  }

  deinit {
    if let compiled { dnnl_primitive_destroy(compiled) }
    dnnl_primitive_desc_destroy(descriptor)
  }

  /// The layout this primitive wants for an argument.
  public func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    try Layout(of: argument, in: descriptor, subject: name)
  }

  /// Ties this to the memories it reads and writes, generating its code the first time.
  ///
  /// - Parameter arguments: one memory for every argument, each in this primitive's layout; the scratchpad
  ///   may be left out where its layout has 0 bytes.
  public func bind(_ arguments: [(Argument, Memory)]) throws(OneDNNError) -> BoundPrimitive {
    if compiled == nil { try check(name) { dnnl_primitive_create(&compiled, descriptor) } }
    return BoundPrimitive(self, compiled!, arguments)
  }
}

/// A primitive with its memories: executing it allocates no memory for data.
public final class BoundPrimitive {
  public let primitive: Primitive
  private let compiled: dnnl_primitive_t
  private let memories: [Memory]
  private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>

  init(_ primitive: Primitive, _ compiled: dnnl_primitive_t, _ arguments: [(Argument, Memory)]) {
    self.primitive = primitive
    self.compiled = compiled
    memories = arguments.map(\.1)
    self.arguments = .allocate(capacity: arguments.count)
    for (i, (argument, memory)) in arguments.enumerated() {
      self.arguments.initializeElement(
        at: i, to: dnnl_exec_arg_t(arg: argument.rawValue, memory: memory.handle))
    }
  }

  deinit { arguments.deallocate() }

  public func execute() throws(OneDNNError) {
    try check("running \(primitive.name)") {
      dnnl_primitive_execute(compiled, primitive.engine.stream, Int32(arguments.count), arguments.baseAddress)
    }
  }
}
