import Foundation
import LayerAnalysis
import Testing

/// One tensor with what NumPy and SciPy say of it (scripts/fixtures/layer_statistics.py).
struct StatisticsCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Percentiles: Decodable, Sendable {
    let percent: Double
    let tensor: [UInt32]
    let channels: [[UInt32]]
  }
  struct Quantized: Decodable, Sendable {
    let scale: [UInt32]
    let zeroPoint: Int32
    let sqnr: Double?
  }

  let name: String
  let layout: [Int]
  let values: [UInt32]
  let percentiles: [Percentiles]
  let minimum: [UInt32]
  let maximum: [UInt32]
  let mean: Double
  let standardDeviation: Double
  let sparsity: Double
  let kurtosis: Double?
  let channelKurtosis: Double?
  let averagePrecision: Double?
  let histogram: [UInt32]
  let klFromUniform: Double?
  let quantized: Quantized?

  var testDescription: String { name }
  var floats: [Float] { values.map(Float.init(bitPattern:)) }
  var channelLayout: ChannelLayout { ChannelLayout(outer: layout[0], channels: layout[1], inner: layout[2]) }

  static let all: [StatisticsCase] = {
    let url = Bundle.module.url(forResource: "Fixtures/statistics", withExtension: "json")!
    return try! JSONDecoder().decode([StatisticsCase].self, from: Data(contentsOf: url))
  }()
}
