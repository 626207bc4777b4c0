import OneDNN
import Tensors

/// What this machine can do at most on some threads, measured: the physical limit beside every figure.
public struct MachinePeaks: Codable, Hashable, Sendable {
  public let threads: Int
  /// Floating-point operations per second, fp32 (a multiplication and an addition are two), in 10⁹: the best run
  /// of a direct convolution whose operands stay in the cache, or of products in registers, eight at a time.
  public let gigaflops: Double
  /// Of products of unsigned and signed bytes summed in 32 bits, by such a convolution.
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
    gigaflops = max(
      try Self.convolve(.float32, threads: threads, seconds: seconds / 2, engine: engine),
      Self.multiply(threads: threads, seconds: seconds / 2))
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

  /// Twelve sums in registers: as many as hide the latency of a product.
  private static func multiply(threads: Int, seconds: Double) -> Double {
    typealias Vector = SIMD8<Float>
    let rounds = 1 << 20
    let results = AlignedBuffer<Vector>(count: threads)
    defer { withExtendedLifetime(results) {} }
    let times = repeatedly(seconds: seconds) {
      parallel(threads, threads: threads) { range in
        for thread in range {
          let (x, y) = (Vector(repeating: 0.5), Vector(repeating: Float(thread + 1)))
          var (a, b, c, d, e, f) = (y + 1, y + 2, y + 3, y + 4, y + 5, y + 6)
          var (g, h, i, j, k, l) = (y + 7, y + 8, y + 9, y + 10, y + 11, y + 12)
          for _ in 0..<rounds {
            a = y.addingProduct(a, x)
            b = y.addingProduct(b, x)
            c = y.addingProduct(c, x)
            d = y.addingProduct(d, x)
            e = y.addingProduct(e, x)
            f = y.addingProduct(f, x)
            g = y.addingProduct(g, x)
            h = y.addingProduct(h, x)
            i = y.addingProduct(i, x)
            j = y.addingProduct(j, x)
            k = y.addingProduct(k, x)
            l = y.addingProduct(l, x)
          }
          results.base[thread] = ((a + b) + (c + d) + (e + f)) + ((g + h) + (i + j) + (k + l))
        }
      }
    }
    return 2e-9 * Double(threads * rounds * 12 * Vector.scalarCount) / Spread(times).least
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
