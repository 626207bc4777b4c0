public import Networks
public import Training

/// Where the time of a batch goes: every piece of a step, timed alone, repeatedly.
public struct Profile: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    public let layer: String?
    public let pass: String
    public let implementation: String
    /// Median over the repetitions.
    public let seconds: Double
    /// 2·MACs of the batch; 0 where nothing is multiplied, nil where not known.
    public let operations: Int?
    /// Bytes of every operand once.
    public let bytes: Int?
    /// The least time the machine's peaks allow, over `seconds`: above 1 where operands stay in the cache, or
    /// Winograd needs fewer multiplications than are counted.
    public let ofLimit: Double?

    public var gigaops: Double? { operations.flatMap { $0 > 0 ? 1e-9 * Double($0) / seconds : nil } }
    public var gigabytes: Double? { bytes.map { 1e-9 * Double($0) / seconds } }
  }

  /// In the order executed.
  public let rows: [Row]
  /// Sum of the rows.
  public let seconds: Double

  /// - Parameters:
  ///   - repetitions: the same steps, timed again and again; at least one.
  ///   - peaks: of as many threads.
  public init(
    _ repetitions: [[TimedStep]], of network: Network, kind: Workload.Kind, batch: Int, peaks: MachinePeaks
  ) {
    let gigaops = kind == .integer ? peaks.byteGigaops : peaks.gigaflops
    rows = repetitions[0].indices.map { i in
      let step = repetitions[0][i]
      let seconds = Spread(repetitions.map { $0[i].seconds }).median
      let layer = network.layers.first { $0.name == step.layer }
      let work = layer.flatMap {
        StepWork(step.pass, of: $0, batch: batch, elementBytes: kind == .integer ? 1 : 4)
      }
      return Row(
        layer: step.layer, pass: step.pass, implementation: step.implementation, seconds: seconds,
        operations: work?.operations, bytes: work?.bytes,
        ofLimit: work.map {
          $0.leastSeconds(gigaops: gigaops, gigabytes: peaks.gigabytes) / max(seconds, 1e-12)
        })
    }
    seconds = rows.reduce(0) { $0 + $1.seconds }
  }
}
