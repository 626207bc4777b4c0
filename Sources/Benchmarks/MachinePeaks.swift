import OneDNN
import Tensors

/// What this machine can do at most on some threads, measured: the physical limit beside every figure.
public struct MachinePeaks: Codable, Hashable, Sendable {
  public let threads: Int
  /// Floating-point operations per second, fp32 (a multiplication and an addition are two), in 10⁹: the best run
  /// of a direct convolution whose operands stay in the cache.
  public let gigaflops: Double
  /// The same of products of unsigned and signed bytes summed in 32 bits.
  public let byteGigaops: Double
  /// Bytes per second to and from memory, in 10⁹: the best run of a[i] = b[i] + s·c[i] (STREAM's triad, three
  /// arrays of 128 MiB, each counted once).
  public let gigabytes: Double

  public init(threads: Int, gigaflops: Double, byteGigaops: Double, gigabytes: Double) {
    self.threads = threads
    self.gigaflops = gigaflops
    self.byteGigaops = byteGigaops
    self.gigabytes = gigabytes
  }

  /// Measures for about 3 × `seconds`.
  public init(threads: Int, seconds: Double = 1) throws {
    Engine.setThreads(threads)
    let engine = try Engine()
    self.threads = threads
    gigaflops = try Self.convolve(.float32, threads: threads, seconds: seconds, engine: engine)
    byteGigaops = try Self.convolve(
      ConvolutionTypes(source: .uint8, weights: .int8, bias: .int32, destination: .int32), threads: threads,
      seconds: seconds, engine: engine)
    gigabytes = Self.stream(threads: threads, seconds: seconds)
  }

  /// The best of a 3 × 3 and a 1 × 1 convolution, 8 images a thread, 256 channels.
  private static func convolve(
    _ types: ConvolutionTypes, threads: Int, seconds: Double, engine: Engine
  ) throws -> Double {
    var best = 0.0
    for kernel in [3, 1] {
      let geometry = ConvolutionGeometry(
        batch: 8 * threads, inChannels: 256, outChannels: 256, groups: 1, inputSize: 14, outputSize: 14,
        kernel: kernel, stride: 1, padBefore: kernel / 2, padAfter: kernel / 2)
      let primitive = try Primitive.convolutionForward(
        "peak", geometry, method: .direct, purpose: .inference, types: types, bias: false, relu: false,
        engine: engine)
      var buffers: [AlignedBuffer<UInt8>] = []
      var arguments: [(Argument, Memory)] = []
      for argument in [Argument.source, .weights, .destination, .scratchpad] {
        let layout = try primitive.layout(argument)
        guard layout.bytes > 0 else { continue }
        let memory = try Memory(layout, engine: engine)
        buffers.append(AlignedBuffer(count: layout.bytes))
        try memory.bind(to: buffers.last!.base)
        arguments.append((argument, memory))
      }
      let bound = try primitive.bind(arguments)
      let times = try repeatedly(seconds: seconds / 2) {
        try bound.execute()
        try engine.wait()
      }
      let macs = geometry.batch * 14 * 14 * 256 * 256 * kernel * kernel
      best = max(best, 2e-9 * Double(macs) / Spread(times).least)
      withExtendedLifetime(buffers) {}
    }
    return best
  }

  private static func stream(threads: Int, seconds: Double) -> Double {
    let count = 1 << 21
    typealias Vector = SIMD16<Float>
    let arrays = (0..<3).map { _ in AlignedBuffer<Vector>(count: count) }
    defer { withExtendedLifetime(arrays) {} }
    let (a, b, c) = (arrays[0].base, arrays[1].base, arrays[2].base)
    let scale = Vector(repeating: 3)
    parallel(count, threads: threads) { range in
      for i in range {
        b[i] = Vector(repeating: 1)
        c[i] = Vector(repeating: 2)
      }
    }
    let times = repeatedly(seconds: seconds) {
      parallel(count, threads: threads) { range in
        for i in range { a[i] = b[i] + scale * c[i] }
      }
    }
    precondition(a[count - 1][0] == 7)
    return 3e-9 * Double(count * MemoryLayout<Vector>.stride) / Spread(times).least
  }
}
