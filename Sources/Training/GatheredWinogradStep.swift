import Networks
import OneDNN

/// A `GatheredWinograd` bound to its memories.
final class GatheredWinogradStep: PlanStep {
  let name: String
  let implementation: String
  private let code: GatheredWinograd
  private let operands: [Operand]
  private let scratch: Memory
  /// The primitive's, at the beginning of `scratch`.
  private let ownScratch: Memory
  private let primitive: BoundPrimitive

  /// One of the slice's operands, and what the primitive sees of it.
  private struct Operand {
    let argument: Argument
    let whole: Memory
    let part: Memory
    /// Where in the scratch memory there is room for the part, if it needs any, floats.
    let room: Int
    /// Of one group: an image's values, or all there are.
    let groupCount: Int
  }

  /// Floats of scratch memory: the primitive's own, and parts of operands.
  static func scratchCount(_ code: GatheredWinograd) throws(OneDNNError) -> Int {
    var count = try floats(code, .scratchpad)
    for argument in code.inScratch { count += try floats(code, argument) }
    return count
  }

  /// A part's, in whole cache lines.
  private static func floats(_ code: GatheredWinograd, _ argument: Argument) throws(OneDNNError) -> Int {
    (try code.primitive.layout(argument).bytes + 63) / 64 * 16
  }

  init(_ code: GatheredWinograd, _ arguments: [(Argument, Memory)]) throws(OneDNNError) {
    (name, implementation, self.code) = (code.name, code.implementation, code)
    scratch = arguments.first { $0.0 == .scratchpad }!.1
    var room = try Self.floats(code, .scratchpad)
    var operands: [Operand] = []
    for (argument, whole) in arguments where argument != .scratchpad {
      operands.append(
        Operand(
          argument: argument, whole: whole,
          part: try Memory(code.primitive.layout(argument), engine: code.engine), room: room,
          groupCount: code.groupCount(argument)))
      if code.inScratch.contains(argument) { room += try Self.floats(code, argument) }
    }
    self.operands = operands
    ownScratch = try Memory(code.primitive.layout(.scratchpad), engine: code.engine)
    primitive = try code.primitive.bind(
      operands.map { ($0.argument, $0.part) } + [(.scratchpad, ownScratch)])
  }

  func execute() throws {
    try ownScratch.bind(to: scratch.address!)
    for (index, images) in code.parts.ranges.enumerated() {
      for group in 0..<code.layer.groups {
        for operand in operands { try place(operand, images, group, isFirst: index == 0) }
        try primitive.execute()
        for operand in operands { take(operand, images, group, isFirst: index == 0) }
      }
    }
  }

  /// Shows the primitive its part of an operand.
  private func place(_ operand: Operand, _ images: Range<Int>, _ group: Int, isFirst: Bool) throws {
    let room = scratch.floats + operand.room
    switch operand.argument {
    case .weights, .bias:
      try operand.part.bind(to: operand.whole.floats + group * operand.groupCount)
    case .weightsGradient, .biasGradient:
      try operand.part.bind(to: isFirst ? operand.whole.floats + group * operand.groupCount : room)
    default:
      try operand.part.bind(to: room)
      if code.reads(operand.argument) {
        forEachRun(operand, images, group) { $1.update(from: $0, count: operand.groupCount) }
      }
    }
  }

  /// Puts what the primitive has left in scratch memory where it belongs.
  private func take(_ operand: Operand, _ images: Range<Int>, _ group: Int, isFirst: Bool) {
    switch operand.argument {
    case .weights, .bias: break
    case .weightsGradient, .biasGradient:
      if isFirst { return }
      accumulate(
        operand.whole.floats + group * operand.groupCount, adding: scratch.floats + operand.room,
        count: operand.groupCount)
    default:
      if code.reads(operand.argument) { return }
      forEachRun(operand, images, group) { $0.update(from: $1, count: operand.groupCount) }
    }
  }

  /// Calls `body` with a group's values of every image, in the slice and in scratch memory.
  private func forEachRun(
    _ operand: Operand, _ images: Range<Int>, _ group: Int,
    _ body: (_ whole: UnsafeMutablePointer<Float>, _ part: UnsafeMutablePointer<Float>) -> Void
  ) {
    let (whole, part) = (operand.whole.floats, scratch.floats + operand.room)
    parallel(images.count, threads: code.threads) { some in
      for i in some {
        body(
          whole + ((images.lowerBound + i) * code.layer.groups + group) * operand.groupCount,
          part + i * operand.groupCount)
      }
    }
  }
}
