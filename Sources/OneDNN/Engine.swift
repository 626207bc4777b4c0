import COneDNN

/// oneDNN's view of the CPU with one stream of execution. Used from one thread at a time.
public final class Engine {
  let handle: dnnl_engine_t
  let stream: dnnl_stream_t

  public init() throws(OneDNNError) {
    var engine: dnnl_engine_t?
    try check("CPU engine") { dnnl_engine_create(&engine, dnnl_cpu, 0) }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
    guard status == dnnl_success else {
      dnnl_engine_destroy(engine)
      throw OneDNNError(subject: "CPU stream", reason: .status(UInt32(status.rawValue)))
    }
    self.handle = engine!
    self.stream = stream!
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(handle)
  }

  /// Waits until everything executed so far is done.
  public func wait() throws(OneDNNError) { try check("waiting for the stream") { dnnl_stream_wait(stream) } }

  /// Sets how many threads primitives use that the calling thread executes from now on. libgomp keeps this
  /// count per calling thread.
  public static func setThreads(_ count: Int) {
    precondition(count > 0)
    onednn_set_threads(Int32(count))
  }

  /// - Throws: `OneDNNError` if the environment does not allow so many threads.
  public static func checkThreads(_ count: Int) throws(OneDNNError) {
    let limit = Int(onednn_thread_limit())
    guard count <= limit else {
      throw OneDNNError(subject: "\(count) threads", reason: .threadLimit(limit))
    }
  }

  /// Lets malloc map every large array by itself, so that its memory goes back to the system when it is freed. Left to
  /// itself, malloc keeps ever larger ones in a heap for the thread that freed them.
  public static func returnLargeArrays() { onednn_return_large_arrays() }

  /// Whether there are Winograd convolutions for this processor: oneDNN 2 has them for AVX-512.
  public static let hasWinograd: Bool = {
    let geometry = ConvolutionGeometry(
      batch: 1, inChannels: 16, outChannels: 16, groups: 1, inputSize: 8, outputSize: 8, kernel: 3, stride: 1,
      padBefore: 1, padAfter: 1)
    let primitive = try? Primitive.convolutionForward(
      "Winograd", geometry, method: .winograd, purpose: .training, bias: false, relu: false, engine: Engine())
    return primitive != nil
  }()

  /// The library's version, e.g. `2.6.3`.
  public static var version: String {
    let version = dnnl_version()!.pointee
    return "\(version.major).\(version.minor).\(version.patch)"
  }
}
