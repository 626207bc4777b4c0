import OneDNN
import Testing

@Suite struct PrimitiveTests {
  private func memory(_ layout: Layout, _ values: UnsafeMutablePointer<Float>, _ engine: Engine) throws
    -> Memory
  {
    let memory = try Memory(layout, engine: engine)
    try memory.bind(to: values)
    return memory
  }

  /// A 2×2 kernel of ones over 3×3 ones, padded by 1 after: four, two and one products a corner.
  @Test func convolutionPadsAfterAndAddsTheBias() throws {
    let engine = try Engine()
    let geometry = ConvolutionGeometry(
      batch: 1, inChannels: 16, outChannels: 16, groups: 1, inputSize: 3, outputSize: 3, kernel: 2, stride: 1,
      padBefore: 0, padAfter: 1)
    let forward = try Primitive.convolutionForward(
      "test forward", geometry, method: .direct, purpose: .inference, bias: true, relu: true, engine: engine)
    let buffers = try [Argument.source, .weights, .bias, .destination, .scratchpad].map { argument in
      let layout = try forward.layout(argument)
      let floats = UnsafeMutablePointer<Float>.allocate(capacity: layout.bytes / 4 + 16)
      floats.initialize(repeating: argument == .bias ? -16 : 1, count: layout.bytes / 4 + 16)
      return (argument, floats, layout)
    }
    defer { for (_, floats, _) in buffers { floats.deallocate() } }
    try forward.bind(try buffers.map { ($0.0, try memory($0.2, $0.1, engine)) }).execute()
    var plain = [Float](repeating: .nan, count: 16 * 9)
    try plain.withUnsafeMutableBufferPointer {
      let target = try memory(Layout([1, 16, 3, 3]), $0.baseAddress!, engine)
      let reorder = try Primitive.reorder(
        "test reorder", from: forward.layout(.destination), to: target.layout, engine: engine)
      let source = try memory(forward.layout(.destination), buffers[3].1, engine)
      try reorder.bind([(.source, source), (.destination, target)]).execute()
    }
    try engine.wait()
    #expect(Array(plain.prefix(9)) == [48, 48, 16, 48, 48, 16, 16, 16, 0])
    #expect(Array(plain.suffix(9)) == Array(plain.prefix(9)))
  }

  @Test func layoutsCompareByArrangement() throws {
    #expect(try Layout([2, 16, 4, 4]) == Layout([2, 16, 4, 4]))
    #expect(try Layout([2, 16, 4, 4]) != Layout([2, 16, 4, 4], .float32, .channelsLast))
    #expect(try Layout([2, 16, 4, 4]) != Layout([2, 16, 4, 4], .int8))
    #expect(try Layout([2, 16, 4, 4], .uint8).bytes == 512)
  }

  @Test func whatCannotBeMadeIsNamed() throws {
    let engine = try Engine()
    let geometry = ConvolutionGeometry(
      batch: 1, inChannels: 16, outChannels: 16, groups: 1, inputSize: 8, outputSize: 4, kernel: 3, stride: 2,
      padBefore: 0, padAfter: 1)
    let error = #expect(throws: OneDNNError.self) {
      _ = try Primitive.convolutionForward(
        "stage2.0.conv forward", geometry, method: .winograd, purpose: .training, bias: false, relu: false,
        engine: engine)
    }
    #expect(error?.subject == "stage2.0.conv forward")
    #expect(error?.description.contains("not implemented for this shape") == true)
  }

  /// Elementwise over two different arrangements: oneDNN has only its reference loop for that.
  @Test func aReferenceImplementationIsRefused() throws {
    let engine = try Engine()
    let error = #expect(throws: OneDNNError.self) {
      _ = try Primitive.reluBackward(
        "test ReLU backward", data: Layout([2, 16, 4, 4]),
        gradient: Layout([2, 16, 4, 4], .float32, .channelsLast),
        engine: engine)
    }
    guard case .referenceImplementation(let name) = error?.reason else {
      Issue.record("refused for another reason: \(String(describing: error))")
      return
    }
    #expect(name.contains("ref"))
  }

  @Test func versionIsTheInstalledLibrarys() { #expect(Engine.version.split(separator: ".").count == 3) }
}
