public import Networks

/// What one pass of one layer has to do at the least, whatever computes it.
public struct StepWork: Hashable, Sendable {
  /// 2·MACs; Winograd convolutions are counted as if they were direct.
  public let operations: Int
  /// Bytes of every operand read or written once.
  public let bytes: Int

  /// - Parameters:
  ///   - pass: as `TimedStep.pass`.
  ///   - elementBytes: of weights and activations, 4 in fp32.
  /// - Returns: nil for passes that only move data about or whose work is not known.
  public init?(_ pass: String, of layer: Layer, batch: Int, elementBytes: Int = 4) {
    let input = batch * layer.inChannels * layer.inputSize * layer.inputSize
    let output = batch * layer.outputCount
    switch pass {
    case "forward", "backward-data", "backward-weights":
      operations = 2 * batch * layer.cost.macs
      bytes = elementBytes * (input + output + layer.weightCount)
    case "source normalization":
      operations = 0
      bytes = elementBytes * 2 * batch * layer.inputCount
    case "batch statistics":
      operations = 0
      bytes = elementBytes * output
    case "batch normalization":
      operations = 0
      bytes = elementBytes * 2 * output
    case "batch normalization backward":
      operations = 0
      bytes = elementBytes * 3 * output
    case "ReLU backward":
      operations = 0
      bytes = elementBytes * 3 * output
    case "update":
      // Weights and velocities are read and written, gradients read.
      operations = 0
      bytes = elementBytes * 5 * layer.cost.parameters
    default: return nil
    }
  }

  /// Seconds below which no code gets on a machine of these peaks, memory traffic perfectly hidden.
  ///
  /// - Parameter gigaops: of the element type in use.
  public func leastSeconds(gigaops: Double, gigabytes: Double) -> Double {
    max(Double(operations) / gigaops, Double(bytes) / gigabytes) * 1e-9
  }
}

extension Network {
  /// Operations of one image's training step: forward, both backward passes, without the image's gradient; or of
  /// its inference.
  public func operations(trains: Bool) -> Int {
    2 * (trains ? 3 * cost.macs - layers[0].cost.macs : cost.macs)
  }
}
