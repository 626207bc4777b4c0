import Foundation
import Networks
import Tensors
import Training

/// What scripts/fixtures/training_step.py wrote for one network.
struct Reference {
  let network: Network
  let tensors: [String: Tensor]
  let labels: [Int32]
  let metadata: [String: String]

  init(named name: String) throws {
    let url = Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors")!
    try self.init(contentsOf: url)
  }

  init(contentsOf url: URL) throws {
    let data = try Data(contentsOf: url)
    let headerLength = Int(data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.1) << (8 * $1.0) })
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + headerLength]) as! [String: Any]
    let body = [UInt8](data[(8 + headerLength)...])
    var tensors: [String: Tensor] = [:]
    var labels: [Int32] = []
    for (name, value) in header where name != "__metadata__" {
      let entry = value as! [String: Any]
      let span = entry["data_offsets"] as! [Int]
      let bytes = Array(body[span[0]..<span[1]])
      if entry["dtype"] as! String == "I32" {
        labels = bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
      } else {
        let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        tensors[name] = Tensor(shape: Shape(entry["shape"] as! [Int]), values: values)
      }
    }
    self.tensors = tensors
    self.labels = labels
    metadata = header["__metadata__"] as! [String: String]
    network = try Network(
      JSONDecoder().decode(Architecture.self, from: Data(metadata["architecture"]!.utf8)))
  }

  var images: [Float] { tensors["images"]!.values }
  var partial: Int { Int(metadata["partial"]!)! }
  func number(_ key: String) -> Double { Double(metadata[key]!)! }

  /// The tensors called `prefix.NAME`, in the network's order.
  func parameters(_ prefix: String, statistics: Bool = true) -> Parameters {
    Parameters(
      Parameters.expected(for: network, statistics: statistics).map {
        ($0.name, tensors["\(prefix).\($0.name)"]!)
      })
  }

  func step(_ compiled: CompiledNetwork, count: Int, learningRate: Double? = nil) throws -> StepResult {
    try labels.withUnsafeBufferPointer {
      try compiled.trainStep(
        count: count, labels: $0, learningRate: learningRate ?? number("learningRate"),
        momentum: number("momentum"),
        weightDecay: number("weightDecay"))
    }
  }

  /// A training network with the initial parameters and the images.
  func compiled(_ algorithm: ConvolutionAlgorithm, threads: Int = 1) throws -> CompiledNetwork {
    let compiled = try CompiledNetwork(
      network, batch: labels.count, purpose: .training, algorithm: algorithm, threads: threads)
    try compiled.load(parameters("initial"))
    _ = compiled.images.update(fromContentsOf: images)
    return compiled
  }
}

/// The largest difference of two tensors relative to the reference's largest value.
func error(_ found: Tensor, _ expected: Tensor) -> Double {
  precondition(found.shape == expected.shape)
  let scale = expected.values.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
  return zip(found.values, expected.values).map { Double(abs($0 - $1) / scale) }.reduce(0, largestOrNaN)
}

/// The tensor with the largest error.
func worst(_ found: Parameters, _ expected: Parameters) -> (name: String, error: Double) {
  let errors = expected.entries.map { ($0.name, error(found[$0.name]!, $0.tensor)) }
  return errors.first { $0.1.isNaN } ?? errors.max { $0.1 < $1.1 }!
}
