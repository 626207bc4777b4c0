import Testing

@testable import Training

@Suite struct StepMemoryTests {
  /// Of all that a layer's backward pass reads and writes nothing overlaps.
  @Test(arguments: [
    [33, 33, 33, 16, 16, 16, 8, 8, 8, 1, 1, 1], [1, 2, 4, 8, 16], [16, 8, 4, 2, 1], [5, 1, 7, 1, 9, 1], [3],
  ])
  func whatIsInUseIsApart(megabytes: [Int]) {
    let sizes = megabytes.map { $0 * 1_000_000 + 10 }
    let memory = StepMemory(outputs: sizes)
    func extent(_ start: Int, _ layer: Int) -> Range<Int> { start..<start + sizes[layer] }
    for layer in sizes.indices {
      var used = (0...layer).map { extent(memory.outputs[$0], $0) }
      used.append(extent(memory.gradients[layer], layer))
      if layer > 0 { used.append(extent(memory.gradients[layer - 1], layer - 1)) }
      for (i, one) in used.enumerated() {
        #expect(one.upperBound <= memory.bytes && one.lowerBound % 64 == 0)
        #expect(used[..<i].allSatisfy { !$0.overlaps(one) }, "layer \(layer)")
      }
    }
    // When the loss is taken, every output is there.
    #expect(memory.gradients.last! >= memory.outputs.last! + sizes.last!)
  }

  /// The thesis's regular network at batch 128: gradients add a tenth to what outputs take.
  @Test func gradientsTakeThePlaceOfOutputs() {
    let sizes = [33, 33, 33, 16, 16, 16, 8, 8, 8].map { $0 << 20 }
    #expect(StepMemory(outputs: sizes).bytes <= 187 << 20)
  }
}
