import Foundation
import Networks
import Tensors
import Testing
import Training

/// Full-size networks next to PyTorch, on the files that scripts/compare-pytorch makes (and names in the environment).
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["STRATA_PYTORCH_FILES"] != nil, "run by scripts/compare-pytorch"),
  .serialized)
struct PyTorchComparisonTests {
  static let families = [
    "regular-bn", "regular-plain", "groupwise2-bn", "groupwise4-bn", "groupwise16-bn", "depthwise-bn",
  ]
  /// Of which no ReLU cuts anything.
  static let open = ["open-regular", "open-groupwise2"]
  private static let folder = URL(
    fileURLWithPath: ProcessInfo.processInfo.environment["STRATA_PYTORCH_FILES"] ?? "/")

  /// Where no ReLU decides anything there is rounding alone, and Winograd's is within eight times that of a direct
  /// convolution, Strata's or PyTorch's, in every tensor (seen: five times).
  @Test(arguments: open) func winogradRoundsLittleMoreThanDirectConvolutions(family: String) throws {
    let (names, columns) = try gradientErrors(of: family)
    for (i, name) in names.enumerated() {
      let largest = max(columns[0].errors[i], columns[2].errors[i])
      #expect(columns[1].errors[i] < 8 * largest, "\(name)")
    }
  }

  /// Relative errors of all gradients: ‖g − g₆₄‖ / ‖g₆₄‖ of Strata (Winograd, then direct) and of PyTorch's float32.
  ///
  /// Where a ReLU's input is within rounding of 0, a program may cut otherwise than double precision does: that makes up
  /// the errors of 10⁻³ in both programs, whichever tensors it happens to reach. Behind the last of these (the dense
  /// layers) there is only rounding.
  @Test(arguments: families)
  func gradientsAreAsExactAsPyTorchs(family: String) throws {
    let (names, columns) = try gradientErrors(of: family)
    let dense = names.indices.filter { names[$0].hasPrefix("dense") }
    for chosen in [Array(names.indices), dense] {
      let largest = columns.map { column in chosen.map { column.errors[$0] }.max()! }
      #expect(largest[1] < 4 * largest[0], "automatic (Winograd)")
      #expect(largest[2] < 3 * largest[0], "direct")
    }
  }

  /// Of every parameter, by PyTorch, Strata, and Strata without Winograd; printed side by side.
  private func gradientErrors(of family: String) throws -> (
    names: [String], columns: [(name: String, errors: [Double])]
  ) {
    let reference = try file(family, "step")
    let double = reference.parameters("double", statistics: false)
    let single = reference.parameters("single", statistics: false)
    var columns: [(name: String, errors: [Double])] = [("PyTorch", errors(of: single, from: double))]
    for algorithm in ConvolutionAlgorithm.allCases {
      let compiled = try reference.compiled(algorithm)
      _ = try reference.step(compiled, count: reference.labels.count)
      columns.append((algorithm.rawValue, errors(of: try compiled.gradients(), from: double)))
    }
    print("\n\(family): relative error of the gradients against float64")
    print(row("tensor", columns.map(\.name)))
    for (i, entry) in double.entries.enumerated() {
      print(row(entry.name, columns.map { String(format: "%.1e", $0.errors[i]) }))
    }
    return (double.entries.map(\.name), columns)
  }

  /// The same initial weights and order of images: curves side by side, and both programs' own from weights that are a
  /// unit in the last place larger. That is a part of how far rounding drives two trainings apart: PyTorch's own
  /// loss of a first epoch in double precision, in single, and from weights a millionth off, lies 1.3 % apart.
  @Test(arguments: families)
  func shortTrainingsAreAlike(family: String) throws {
    let reference = try file(family, "training")
    let theirs = try JSONDecoder().decode([[Epoch]].self, from: Data(reference.metadata["curves"]!.utf8))
    let epochs = theirs[0].count
    let ours = try [1, 1 + 0x1p-23].map { try train(reference, epochs: epochs, from: $0) }
    print("\n\(family): mean loss and test accuracy by epoch")
    print(row("", ["Strata", "nudged", "PyTorch", "nudged", "Strata", "nudged", "PyTorch", "nudged"]))
    for epoch in 0..<epochs {
      let curves = (ours + theirs).map { $0[epoch] }
      print(
        row(
          "epoch \(epoch + 1)",
          curves.map { String(format: "%.5f", $0.loss) }
            + curves.map { String(format: "%.2f %%", 100 * $0.accuracy) }))
    }
    var spread = 0.0
    for epoch in 0..<epochs {
      let (mine, other) = (ours.map { $0[epoch].loss }, theirs.map { $0[epoch].loss })
      spread = max(spread, abs(mine[0] - mine[1]), abs(other[0] - other[1]))
      let gap = abs((mine[0] + mine[1]) - (other[0] + other[1])) / 2
      #expect(gap < max(4 * spread, 0.05 * other[0]), "epoch \(epoch + 1)")
    }
  }

  /// Mean loss of an epoch, and test accuracy after it.
  private struct Epoch: Decodable {
    let loss: Double
    let accuracy: Double

    init(loss: Double, accuracy: Double) {
      self.loss = loss
      self.accuracy = accuracy
    }

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      loss = try pair.decode(Double.self)
      accuracy = try pair.decode(Double.self)
    }
  }

  /// - Parameter factor: of the initial parameters.
  private func train(_ reference: Reference, epochs: Int, from factor: Float) throws -> [Epoch] {
    let batch = 128
    let count = Int(reference.metadata["train"]!)!
    let order = reference.tensors["order"]!.values.map { Int($0) }
    let compiled = try CompiledNetwork(reference.network, batch: batch, purpose: .training)
    var initial = reference.parameters("initial")
    for (name, tensor) in initial.entries {
      initial[name] = Tensor(shape: tensor.shape, values: tensor.values.map { $0 * factor })
    }
    try compiled.load(initial)
    let evaluator = try CompiledNetwork(reference.network, batch: batch, purpose: .inference)
    return try (0..<epochs).map { epoch in
      var loss = 0.0
      for start in stride(from: 0, to: count, by: batch) {
        let chosen = order[epoch * count + start..<epoch * count + min(start + batch, count)]
        put(chosen, of: reference, into: compiled)
        loss += try chosen.map { reference.labels[$0] }.withUnsafeBufferPointer {
          try compiled.trainStep(
            count: $0.count, labels: $0, learningRate: reference.number("learningRate"),
            momentum: reference.number("momentum"), weightDecay: 0
          ).lossSum
        }
      }
      try evaluator.load(compiled.parameters())
      return Epoch(loss: loss / Double(count), accuracy: try accuracy(evaluator, reference, from: count))
    }
  }

  private func accuracy(_ evaluator: CompiledNetwork, _ reference: Reference, from first: Int) throws
    -> Double
  {
    var hits = 0
    for start in stride(from: first, to: reference.labels.count, by: evaluator.batch) {
      let chosen = start..<min(start + evaluator.batch, reference.labels.count)
      put(chosen, of: reference, into: evaluator)
      try evaluator.infer(count: chosen.count)
      for (row, image) in chosen.enumerated() {
        let logits = evaluator.logits[row * 10..<row * 10 + 10]
        hits += logits.firstIndex(of: logits.max()!)! - row * 10 == Int(reference.labels[image]) ? 1 : 0
      }
    }
    return Double(hits) / Double(reference.labels.count - first)
  }

  private func put(_ chosen: some Sequence<Int>, of reference: Reference, into compiled: CompiledNetwork) {
    let values = 3 * 32 * 32
    reference.images.withUnsafeBufferPointer { images in
      for (place, image) in chosen.enumerated() {
        (compiled.images.baseAddress! + place * values)
          .update(from: images.baseAddress! + image * values, count: values)
      }
    }
  }

  private func file(_ family: String, _ kind: String) throws -> Reference {
    try Reference(contentsOf: Self.folder.appendingPathComponent("\(family).\(kind).safetensors"))
  }

  private func errors(of found: Parameters, from expected: Parameters) -> [Double] {
    expected.entries.map { entry in
      let pairs = zip(found[entry.name]!.values, entry.tensor.values)
      let difference = pairs.reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      let scale = entry.tensor.values.reduce(0.0) { $0 + pow(Double($1), 2) }
      return (difference / scale).squareRoot()
    }
  }

  private func row(_ name: String, _ cells: [String]) -> String {
    name.padding(toLength: 28, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(12 - $0.count, 1)) + $0 }.joined()
  }
}
