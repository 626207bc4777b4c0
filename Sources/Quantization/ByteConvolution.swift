package import OneDNN
import Tensors

/// Integer convolution by oneDNN's convolutions of unsigned by signed bytes.
///
/// Inputs are split into planes of 7 or 8 bits, weights into bytes less 128 each, so that w = s + offset with
/// offset = 128 or 128·257. Then Σ (x − Z_x)(w − Z_w) = Σ x·s + (offset − Z_w)·Σ x − Z_x·Σ (s + offset − Z_w), where
/// the first sum is oneDNN's, the second is shared by the channels of a group, and the third is constant. Images
/// are padded with Z_x here, so that every window is whole.
package final class ByteConvolution<Level: LevelScalar> {
  private struct Term {
    let primitive: BoundPrimitive
    let shift: Int
  }

  private let problem: IntegerConvolutionProblem
  private let planeBits: Int
  private let inputs: [AlignedBuffer<UInt8>]
  private var terms: [Term] = []
  private let sums: AlignedBuffer<Int32>
  private let wideSums: AlignedBuffer<Int64>
  private let correction: ZeroPointCorrection
  private var sources: [Memory] = []
  private let engine: Engine
  /// Weights and scratchpads that primitives are bound to.
  private var memories: [AlignedBuffer<UInt8>] = []

  /// nil where oneDNN has no fast code for the shape.
  package init?(_ problem: IntegerConvolutionProblem, inputPlaneBits: Int, engine: Engine) throws(OneDNNError)
  {
    // `ZeroPointCorrection` sums a window's levels in 32 bits.
    guard problem.window * Int(problem.input.lastLevel) <= Int(Int32.max) else { return nil }
    guard let chosen = GroupedBytePrimitive(problem, engine: engine) else { return nil }
    self.problem = problem
    self.engine = engine
    planeBits = inputPlaneBits
    let g = problem.geometry
    let inputCount = g.batch * problem.paddedSize * problem.paddedSize * g.inChannels
    let planes = (problem.input.bits + planeBits - 1) / planeBits
    let weightPlanes = (problem.weights.quantizers[0].bits + 7) / 8
    inputs = (0..<planes).map { _ in AlignedBuffer(count: inputCount) }
    sums = AlignedBuffer(count: g.batch * problem.outputPixels * g.outChannels)
    wideSums = AlignedBuffer(count: planes * weightPlanes > 1 ? sums.count : 0)
    correction = ZeroPointCorrection(problem, offset: weightPlanes == 1 ? 128 : 128 * 257)
    for (i, plane) in inputs.enumerated() {
      plane.buffer.update(repeating: Self.plane(i, planeBits, of: UInt16(problem.input.zeroPoint)))
    }

    let destination = try Memory(chosen.primitive.layout(.destination), engine: engine)
    try destination.bind(to: UnsafeMutableRawPointer(sums.base))
    let scratchpad = try allocated(chosen.primitive.layout(.scratchpad))
    sources = try inputs.map { plane throws(OneDNNError) in
      let source = try Memory(chosen.primitive.layout(.source), engine: engine)
      try source.bind(to: UnsafeMutableRawPointer(plane.base))
      return source
    }
    for j in 0..<weightPlanes {
      let signed = problem.weights.levels.map {
        Int8(truncatingIfNeeded: Int($0 >> UInt16(8 * j) & 0xFF) - 128)
      }
      let weights = try arranged(chosen.merge(signed), for: chosen)
      for (i, source) in sources.enumerated() {
        let bound = try chosen.primitive.bind([
          (.source, source), (.weights, weights), (.destination, destination), (.scratchpad, scratchpad),
        ])
        terms.append(Term(primitive: bound, shift: i * planeBits + 8 * j))
      }
    }
  }

  /// Levels are what oneDNN takes, and need no border: they are read where they are.
  private var takesLevelsAsTheyAre: Bool {
    Level.self == UInt8.self && inputs.count == 1 && problem.paddedSize == problem.geometry.inputSize
  }

  private static func plane(_ index: Int, _ bits: Int, of level: UInt16) -> UInt8 {
    UInt8(truncatingIfNeeded: level >> UInt16(index * bits) & (1 << UInt16(bits) - 1))
  }

  private func allocated(_ layout: Layout) throws(OneDNNError) -> Memory {
    let bytes = AlignedBuffer<UInt8>(count: layout.bytes)
    memories.append(bytes)
    let memory = try Memory(layout, engine: engine)
    try memory.bind(to: UnsafeMutableRawPointer(bytes.base))
    return memory
  }

  /// Weights in the layout the primitive wants.
  private func arranged(_ values: [Int8], for chosen: GroupedBytePrimitive) throws(OneDNNError) -> Memory {
    let plain = AlignedBuffer<Int8>(count: values.count)
    for (i, value) in values.enumerated() { plain.base[i] = value }
    let source = try Memory(Layout(chosen.geometry.weights, .int8), engine: engine)
    try source.bind(to: UnsafeMutableRawPointer(plain.base))
    let destination = try allocated(chosen.primitive.layout(.weights))
    let reorder = try Primitive.reorder(
      "\(problem.name) weights", from: source.layout, to: destination.layout, engine: engine)
    let scratchpad = try allocated(reorder.layout(.scratchpad))
    try reorder.bind([(.source, source), (.destination, destination), (.scratchpad, scratchpad)]).execute()
    try engine.wait()
    return destination
  }

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) throws {
    try load(levels, images: images)
    correction.prepare(levels, images: images)
    let pixels = 0..<images * problem.outputPixels
    if terms.count == 1 {
      try terms[0].primitive.execute()
      try engine.wait()
    } else {
      let count = pixels.count * problem.geometry.outChannels
      wideSums.buffer.update(repeating: 0)
      for term in terms {
        try term.primitive.execute()
        try engine.wait()
        for i in 0..<count { wideSums.base[i] &+= Int64(sums.base[i]) << Int64(term.shift) }
      }
      if problem.isWide { return take(.wide(correction.complete(wideSums.base)), pixels) }
      for i in 0..<count { sums.base[i] = Int32(truncatingIfNeeded: wideSums.base[i]) }
    }
    take(.narrow(correction.complete(sums.base)), pixels)
  }

  /// Brings the levels to where the primitives read them.
  private func load(_ levels: UnsafePointer<Level>, images: Int) throws(OneDNNError) {
    if takesLevelsAsTheyAre {
      // The primitive reads all the images it was made for.
      let whole = images == problem.geometry.batch && UInt(bitPattern: levels) % 64 == 0
      let bytes = UnsafeMutableRawPointer(mutating: levels)
      try sources[0].bind(to: whole ? bytes : UnsafeMutableRawPointer(inputs[0].base))
      if whole { return }
    }
    for (i, plane) in inputs.enumerated() {
      let shift = Level(i * planeBits)
      let mask = Level(truncatingIfNeeded: 1 << planeBits - 1)
      problem.forEachRow(images: images) { source, destination, length in
        takeBits(of: levels + source, shift: shift, mask: mask, into: plane.base + destination, count: length)
      }
    }
  }
}

private func takeBits<Level: LevelScalar>(
  of levels: UnsafePointer<Level>, shift: Level, mask: Level, into bytes: UnsafeMutablePointer<UInt8>,
  count: Int
) {
  for i in 0..<count { bytes[i] = UInt8(truncatingIfNeeded: levels[i] &>> shift & mask) }
}

/// The forward primitive for a byte convolution over padded images, with groups merged where oneDNN needs it.
private struct GroupedBytePrimitive {
  let primitive: Primitive
  let geometry: ConvolutionGeometry
  private let problem: IntegerConvolutionProblem
  /// Original groups that are computed as one.
  private let factor: Int

  /// nil where there is no fast code.
  init?(_ problem: IntegerConvolutionProblem, engine: Engine) {
    let groups = problem.geometry.groups
    let blocked = (1...groups).first { groups % $0 == 0 && problem.channelsPerGroup * $0 % 16 == 0 } ?? groups
    for factor in [1, blocked, groups] {
      if let made = Self(problem, factor: factor, engine: engine) {
        self = made
        return
      }
    }
    return nil
  }

  private init?(_ problem: IntegerConvolutionProblem, factor: Int, engine: Engine) {
    var padded = problem.geometry
    padded.inputSize = problem.paddedSize
    padded.padBefore = 0
    padded.padAfter = 0
    padded.groups /= factor
    let types = ConvolutionTypes(source: .uint8, weights: .int8, bias: .int32, destination: .int32)
    guard
      let primitive = try? Primitive.convolutionForward(
        problem.name, padded, method: .direct, purpose: .inference, types: types, bias: false, relu: false,
        engine: engine),
      (try? Self.isChannelsLast(primitive.layout(.source), padded.source, .uint8)) == true,
      (try? Self.isChannelsLast(primitive.layout(.destination), padded.destination, .int32)) == true
    else { return nil }
    self.primitive = primitive
    self.geometry = padded
    self.problem = problem
    self.factor = factor
  }

  private static func isChannelsLast(
    _ layout: Layout, _ extents: [Int], _ type: DataType
  ) throws(OneDNNError) -> Bool {
    // Of one pixel all orders are the same.
    if extents[2] == 1 { return layout.bytes == (try Layout(extents, type).bytes) }
    return layout == (try Layout(extents, type, .channelsLast))
  }

  /// O × I/groups × K × K into the merged groups' O × I/groups·factor × K × K, 0 between original groups.
  func merge(_ weights: [Int8]) -> [Int8] {
    if factor == 1 { return weights }
    let length = problem.window
    var merged = [Int8](repeating: 0, count: weights.count * factor)
    for o in 0..<problem.geometry.outChannels {
      let start = (o * factor + o / problem.outputsPerGroup % factor) * length
      merged.replaceSubrange(start..<start + length, with: weights[o * length..<(o + 1) * length])
    }
    return merged
  }
}
