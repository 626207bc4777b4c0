package import Networks
package import OneDNN

/// How convolutions are computed.
public enum ConvolutionAlgorithm: String, Codable, Hashable, Sendable, CaseIterable {
  /// Winograd for 3×3 kernels and groups in multiples of 16 channels: where oneDNN has it for this processor (AVX-512,
  /// version 2) its own, for stride 1 and one group or groups of 32 channels or more; elsewhere Strata's, for strides 1
  /// and 2, if that saves a quarter of the products. Direct everywhere else. A fixed rule: nothing is timed.
  case automatic
  case direct
}

/// What is common to all primitives of one compilation.
struct CompilationOptions {
  let count: Int
  let purpose: Purpose
  let algorithm: ConvolutionAlgorithm
  let threads: Int
  /// What a slice of images takes up in a layer, at most (`ImageSlices`).
  let sliceBytes: Int
  let engine: Engine
}

/// The passes of one layer. The first layer has no backward-data: nobody needs the image's gradient.
struct LayerPasses {
  let merging: GroupMerging
  /// The images each primitive computes at a time.
  let slices: ImageSlices
  /// What the layer leaves; with BatchNorm always in blocks of channels.
  let output: Activation
  /// Of the weights as computed: grouped convolutions G × O/G × I/G × K × K with merged groups, ungrouped
  /// O × I × K × K, dense O × I or, on top of a convolution, O × C × H × W.
  let weightExtents: [Int]
  let forward: any LayerPass
  let backwardData: (any LayerPass)?
  let backwardWeights: (any LayerPass)?

  var named: [(pass: String, code: any LayerPass)] {
    [("forward", forward)] + (backwardData.map { [("backward-data", $0)] } ?? [])
      + (backwardWeights.map { [("backward-weights", $0)] } ?? [])
  }
}

extension LayerPasses {
  /// - Parameters:
  ///   - merging: nil for the first candidate that there is fast code for in all passes.
  ///   - slices: nil for what fits the cache.
  ///   - isFirst: no backward-data.
  /// - Throws: `OneDNNError` of the last candidate, naming layer and pass.
  static func convolution(
    _ layer: Layer, merging: GroupMerging?, slices: ImageSlices?, isFirst: Bool, _ options: CompilationOptions
  ) throws(OneDNNError) -> Self {
    if GroupConvolution.serves(layer) {
      let slices = slices ?? ImageSlices(layer, options)
      let format = vectors(of: layer, options)
      return try grouped(layer, slices: slices, isFirst: isFirst, format, options) {
        GroupConvolution($0, of: layer, images: slices.size, format: format, threads: options.threads)
      }
    }
    if options.algorithm == .automatic, merging?.factor ?? 1 == 1,
      let found = try winograd(layer, slices: slices, isFirst: isFirst, options)
    {
      return found
    }
    var candidates = merging.map { [$0] } ?? GroupMerging.candidates(for: layer)
    let last = candidates.removeLast()
    for candidate in candidates {
      if let found = try? convolution(
        layer, merged: candidate, slices: slices, isFirst: isFirst, options)
      {
        return found
      }
    }
    return try convolution(layer, merged: last, slices: slices, isFirst: isFirst, options)
  }

  /// All passes by Winograd, Strata's own or oneDNN's by groups; nil where neither serves the layer.
  private static func winograd(
    _ layer: Layer, slices: ImageSlices?, isFirst: Bool, _ options: CompilationOptions
  ) throws(OneDNNError) -> Self? {
    // Kernels are transformed anew for every slice, which many images must make up for.
    let slices = slices ?? ImageSlices(layer, options, larger: 4)
    if Engine.hasWinograd {
      guard GatheredWinograd.serves(layer) else { return nil }
      return try? grouped(layer, slices: slices, isFirst: isFirst, .blocks16, options) {
        (pass) throws(OneDNNError) in
        try GatheredWinograd(pass, of: layer, images: slices.size, options)
      }
    }
    guard WinogradConvolution.serves(layer) else { return nil }
    let format = vectors(of: layer, options)
    return try grouped(layer, slices: slices, isFirst: isFirst, format, options) {
      WinogradConvolution($0, of: layer, images: slices.size, format: format, threads: options.threads)
    }
  }

  /// How oneDNN's convolutions before and after the layer leave activations, if in vectors of channels.
  private static func vectors(of layer: Layer, _ options: CompilationOptions) -> Layout.Format {
    var geometry = layer.geometry(images: options.count, groups: 1)
    (geometry.kernel, geometry.stride, geometry.padBefore, geometry.padAfter) = (1, 1, 0, 0)
    (geometry.inChannels, geometry.inputSize) = (layer.outChannels, layer.outputSize)
    let neighbour = try? Primitive.convolutionForward(
      "\(layer.name) forward", geometry, method: .direct, purpose: options.purpose, bias: layer.bias,
      relu: layer.relu && !layer.batchNorm, engine: options.engine)
    let found = try? neighbour?.layout(.destination).format(extents: geometry.destination)
    return switch found {
    case .blocks8, .blocks16: found!
    case .channelsLast where !layer.batchNorm: .channelsLast
    default: .blocks16
    }
  }

  /// Of a layer whose groups are not merged, all passes by one kind of code.
  private static func grouped(
    _ layer: Layer, slices: ImageSlices, isFirst: Bool, _ format: Layout.Format,
    _ options: CompilationOptions, _ code: (ConvolutionPass) throws(OneDNNError) -> any LayerPass
  ) throws(OneDNNError) -> Self {
    let trains = options.purpose == .training
    return Self(
      merging: GroupMerging(groups: layer.groups, factor: 1), slices: slices,
      output: Activation(
        slot: "\(layer.name).output", extents: [layer.outChannels, layer.outputSize, layer.outputSize],
        format: format),
      weightExtents: layer.geometry(images: slices.size, groups: layer.groups).weights,
      forward: try code(.forward),
      backwardData: trains && !isFirst ? try code(.backwardData) : nil,
      backwardWeights: trains ? try code(.backwardWeights) : nil)
  }

  private static func convolution(
    _ layer: Layer, merged: GroupMerging, slices: ImageSlices?, isFirst: Bool, _ options: CompilationOptions
  ) throws(OneDNNError) -> Self {
    let engine = options.engine
    var geometry = layer.geometry(images: options.count, groups: merged.mergedGroups)
    func forward(_ method: ConvolutionMethod) throws(OneDNNError) -> Primitive {
      try .convolutionForward(
        "\(layer.name) forward", geometry, method: method, purpose: options.purpose, bias: layer.bias,
        relu: layer.relu && !layer.batchNorm, engine: engine)
    }
    let winograd =
      options.algorithm == .automatic && merged.mergedGroups == 1 && layer.admitsWinograd(groups: 1)
      && (try? forward(.winograd)) != nil
    let slices = slices ?? ImageSlices(layer, options, larger: winograd ? 4 : 1)
    geometry.batch = slices.size
    func preferWinograd(_ make: (ConvolutionMethod) throws(OneDNNError) -> Primitive) throws(OneDNNError)
      -> Primitive
    {
      if winograd, let primitive = try? make(.winograd) { return primitive }
      return try make(.direct)
    }
    let trains = options.purpose == .training
    let main = try preferWinograd(forward)
    let found = try main.layout(.destination).format(extents: geometry.destination)
    let inBlocks = found == .blocks16 || found == .blocks8
    func backwardData() throws(OneDNNError) -> any LayerPass {
      // Blocks of eight: oneDNN has no AVX-512 here.
      if found == .blocks8, merged.factor == 1, DepthwiseGradient.serves(layer) {
        return DepthwiseGradient(of: layer, images: slices.size, format: .blocks8, threads: options.threads)
      }
      return try preferWinograd { (method) throws(OneDNNError) in
        try .convolutionBackwardData(
          "\(layer.name) backward-data", geometry, method: method, forward: try forward(method),
          engine: engine)
      }
    }
    return Self(
      merging: merged, slices: slices,
      output: Activation(
        slot: "\(layer.name).output", extents: Array(geometry.destination.dropFirst()),
        format: found.flatMap { inBlocks || !layer.batchNorm ? $0 : nil } ?? .blocks16),
      weightExtents: geometry.weights,
      forward: main,
      backwardData: !trains || isFirst ? nil : try backwardData(),
      backwardWeights: !trains
        ? nil
        : try preferWinograd { (method) throws(OneDNNError) in
          try .convolutionBackwardWeights(
            "\(layer.name) backward-weights", geometry, method: method, bias: layer.bias,
            forward: try forward(method), engine: engine)
        })
  }

  /// - Parameters:
  ///   - source: what the layer before leaves, N × I or N × C × H × W in whatever order.
  ///   - sourceExtents: its extents.
  static func dense(
    _ layer: Layer, source: Layout, sourceExtents: [Int], _ options: CompilationOptions
  ) throws(OneDNNError) -> Self {
    let engine = options.engine
    let open = try Layout(sourceExtents, .float32, .any)
    func inPlace(_ make: (Layout) throws(OneDNNError) -> Primitive) throws(OneDNNError) -> Primitive {
      if let primitive = try? make(source) { return primitive }
      return try make(open)
    }
    let outputs = layer.outChannels
    func forward(weights: Layout.Format) throws(OneDNNError) -> Primitive {
      try inPlace { (source) throws(OneDNNError) in
        try .innerProductForward(
          "\(layer.name) forward", source: source, extents: sourceExtents, outputs: outputs, weights: weights,
          purpose: options.purpose, relu: layer.relu, engine: engine)
      }
    }
    let trains = options.purpose == .training
    var main = try forward(weights: .any)
    var own = trains ? try DenseGradient.format(of: source, extents: sourceExtents, forward: main) : nil
    if let format = own {
      if let inFormat = try? forward(weights: format) { main = inFormat } else { own = nil }
    }
    func gradient(
      _ pass: ConvolutionPass, _ make: (Layout) throws(OneDNNError) -> Primitive
    ) throws(OneDNNError) -> any LayerPass {
      guard let own else { return try inPlace(make) }
      return DenseGradient(
        pass, of: layer, source: sourceExtents, format: own, threads: options.threads)
    }
    return Self(
      merging: GroupMerging(groups: 1, factor: 1),
      slices: ImageSlices(all: options.count),
      output: Activation(slot: "\(layer.name).output", extents: [outputs], format: .plain),
      weightExtents: [outputs] + sourceExtents.dropFirst(),
      forward: main,
      backwardData: !trains
        ? nil
        : try gradient(.backwardData) { (source) throws(OneDNNError) in
          try .innerProductBackwardData(
            "\(layer.name) backward-data", source: source, extents: sourceExtents, outputs: outputs,
            forward: main, engine: engine)
        },
      backwardWeights: !trains
        ? nil
        : try gradient(.backwardWeights) { (source) throws(OneDNNError) in
          try .innerProductBackwardWeights(
            "\(layer.name) backward-weights", source: source, extents: sourceExtents, outputs: outputs,
            forward: main, engine: engine)
        })
  }
}

extension Layer {
  /// Whether it is computed by Winograd's minimal filtering, unless nothing but direct convolutions are wanted.
  var isOfWinograd: Bool {
    Engine.hasWinograd
      ? GatheredWinograd.serves(self) || groups == 1 && admitsWinograd(groups: 1)
      : WinogradConvolution.serves(self)
  }

  /// Whether it is of a shape for oneDNN's Winograd, computed in so many groups.
  func admitsWinograd(groups: Int) -> Bool {
    !isDense && kernel == 3 && stride == 1 && inChannels / groups % 16 == 0 && outChannels / groups % 16 == 0
  }

  /// Of a convolution, computed in so many groups.
  package func geometry(images: Int, groups: Int) -> ConvolutionGeometry {
    ConvolutionGeometry(
      batch: images, inChannels: inChannels, outChannels: outChannels, groups: groups, inputSize: inputSize,
      outputSize: outputSize, kernel: kernel, stride: stride, padBefore: padBefore, padAfter: padAfter)
  }
}
