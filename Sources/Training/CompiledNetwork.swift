public import Networks
import OneDNN
import Tensors

/// A network compiled for one batch size into primitives over memory of its own: training (forward, backward,
/// SGD) or inference.
///
/// Compiled once per trial; a step then allocates no memory for data. A smaller batch (an epoch's last) is compiled when
/// it first comes, over the same memory, and kept. Results are bit-identical from run to run for the same
/// thread count and instruction set.
///
/// Used from one thread at a time. Nothing in its interface shows how and where it computes.
public final class CompiledNetwork {
  public enum Purpose: Hashable, Sendable {
    case training
    /// Forward alone; every layer's activation of the last step can be read and changed.
    case inference
    /// Forward alone, depth first, of networks without BatchNorm: a few images go through several layers before the
    /// next ones, so that activations stay in the cache. They are gone when the step is over.
    case stream
  }

  public let network: Network
  /// The most images in a step.
  public let batch: Int
  public let purpose: Purpose
  public let algorithm: ConvolutionAlgorithm
  public let threads: Int
  /// What computes each pass of each convolution and dense layer, for the full batch; recorded with a trial.
  public let algorithms: [(layer: String, pass: String, implementation: String)]

  let engine: Engine
  let states: [LayerState]
  /// What an inference network was last given.
  var loaded: Parameters?
  var lastLogits: Memory?
  private let arena: MemoryArena
  private let imageBuffer: AlignedBuffer<UInt8>
  private let sliceBytes: Int
  private var plans: [Int: Plan] = [:]

  /// - Parameters:
  ///   - batch: images per step, at most.
  ///   - threads: how many compute; part of what fixes the results.
  /// - Throws: `OneDNNError` naming layer and pass where oneDNN has no optimized code for a shape.
  public convenience init(
    _ network: Network, batch: Int, purpose: Purpose, algorithm: ConvolutionAlgorithm = .automatic,
    threads: Int = 1
  ) throws {
    try self.init(
      network, batch: batch, purpose: purpose, algorithm: algorithm, threads: threads, sliceBytes: 4 << 20)
  }

  /// - Parameter sliceBytes: what a slice of images takes up in a layer, at most: it should fit the cache.
  init(
    _ network: Network, batch: Int, purpose: Purpose, algorithm: ConvolutionAlgorithm, threads: Int,
    sliceBytes: Int
  ) throws {
    precondition(batch > 0 && threads > 0)
    try Engine.checkThreads(threads)
    Engine.setThreads(threads)
    self.network = network
    self.batch = batch
    self.purpose = purpose
    self.algorithm = algorithm
    self.threads = threads
    engine = try Engine()
    arena = MemoryArena(engine: engine)
    let a = network.architecture
    imageBuffer = AlignedBuffer(
      count: batch * a.inputChannels * a.inputSize * a.inputSize * MemoryLayout<Float>.stride)
    arena.adopt("images", imageBuffer)
    self.sliceBytes = sliceBytes
    let options = CompilationOptions(
      count: batch, purpose: purpose == .training ? .training : .inference, algorithm: algorithm,
      threads: threads, sliceBytes: sliceBytes, engine: engine)
    precondition(purpose != .stream || !network.layers.contains(where: \.batchNorm))
    let passes = try Self.passes(
      network, mergings: nil, slices: purpose == .stream ? DepthFirst.slices(of: network, count: batch) : nil,
      options)
    states = try zip(network.layers, passes).map { try LayerState($0, $1, options) }
    algorithms = zip(network.layers, passes).flatMap { layer, passes in
      passes.named.map { (layer: layer.name, pass: $0.pass, implementation: $0.code.implementation) }
    }
    plans[batch] = try bind(passes, options)
  }

  private static func passes(
    _ network: Network, mergings: [GroupMerging]?, slices: [ImageSlices]? = nil,
    _ options: CompilationOptions
  ) throws -> [LayerPasses] {
    var made: [LayerPasses] = []
    for (i, layer) in network.layers.enumerated() {
      if layer.isDense {
        let before = made[i - 1].output
        made.append(
          try .dense(
            layer, source: before.layout(images: options.count),
            sourceExtents: [options.count] + before.extents, options))
      } else {
        made.append(
          try .convolution(
            layer, merging: mergings?[i], slices: slices?[i], isFirst: i == 0, options))
      }
    }
    return made
  }

  private func bind(_ passes: [LayerPasses], _ options: CompilationOptions) throws -> Plan {
    var builder = try PlanBuilder(
      network: network, passes: passes, states: states, options: options, arena: arena)
    return try purpose == .stream ? builder.buildStream() : builder.build()
  }

  /// The plan for a number of images, compiled now if it is the first of its size.
  func plan(for count: Int) throws -> Plan {
    precondition(count > 0 && count <= batch, "\(count) images in a network compiled for \(batch)")
    if let plan = plans[purpose == .stream ? batch : count] { return plan }
    let options = CompilationOptions(
      count: count, purpose: purpose == .training ? .training : .inference, algorithm: algorithm,
      threads: threads, sliceBytes: sliceBytes, engine: engine)
    let passes = try Self.passes(network, mergings: states.map(\.merging), options)
    let plan = try bind(passes, options)
    if loaded != nil { try run(plan.prepare) }
    plans[count] = plan
    return plan
  }

  var allPlans: some Sequence<Plan> { plans.values }

  /// Each step is done when `execute` returns: oneDNN's CPU streams are synchronous under OpenMP.
  func run(_ steps: [any PlanStep]) throws { for step in steps { try step.execute() } }

  /// Gives the memory of activations back to the system until the next step.
  public func releaseActivations() { arena.release() }

  /// Where the caller puts the images of a step: batch × C × H × W, row-major.
  public var images: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableRawBufferPointer(imageBuffer.buffer).bindMemory(to: Float.self)
  }
}
