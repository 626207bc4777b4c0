/// The layer table of a network: one row per layer, and the totals.
public struct NetworkSummary: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    public let name: String
    public let role: Layer.Role
    /// Channels, height, width; features alone for dense layers.
    public let input: [Int]
    public let output: [Int]
    public let kernel: Int
    public let groups: Int
    public let stride: Int
    public let batchNorm: Bool
    public let cost: LayerCost
  }

  public let rows: [Row]
  /// Convolutions only, as the thesis counts.
  public let convolutions: LayerCost
  public let total: LayerCost

  public init(_ network: Network) {
    rows = network.layers.map { layer in
      let scale = layer.poolsInput ? 2 : 1
      let input = [layer.inChannels, layer.inputSize * scale, layer.inputSize * scale]
      return Row(
        name: layer.name, role: layer.role, input: layer.isDense ? [layer.inChannels] : input,
        output: layer.isDense
          ? [layer.outChannels] : [layer.outChannels, layer.outputSize, layer.outputSize],
        kernel: layer.kernel, groups: layer.groups, stride: layer.stride, batchNorm: layer.batchNorm,
        cost: layer.cost)
    }
    convolutions = network.convolutionCost
    total = network.cost
  }

  public static let columns = [
    "layer", "input", "output", "kernel", "groups", "stride", "BN", "MACs", "weights", "parameters",
    "bytes fp32", "bytes uint8",
  ]

  /// The table's cells as text, one row per layer and the two totals last, in the order of `columns`.
  public var cells: [[String]] {
    rows.map { row in
      let kernel = row.role == .dense ? "" : "\(row.kernel)×\(row.kernel)"
      let numbers = row.role == .dense ? ["", ""] : ["\(row.groups)", "\(row.stride)"]
      return [row.name, shape(row.input), shape(row.output), kernel] + numbers
        + [row.role == .dense ? "" : row.batchNorm ? "yes" : "no"] + cells(of: row.cost)
    } + [
      ["convolutions", "", "", "", "", "", ""] + cells(of: convolutions),
      ["all layers", "", "", "", "", "", ""] + cells(of: total),
    ]
  }

  private func shape(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: "×") }

  private func cells(of cost: LayerCost) -> [String] {
    [cost.macs, cost.weights, cost.parameters, cost.float32Bytes, cost.uint8Bytes].map(grouped)
  }

  /// 266010624 as `266,010,624`.
  private func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
