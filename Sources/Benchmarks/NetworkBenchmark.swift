import Networks
import Training

/// How fast a network goes on this machine, and where its time goes.
public struct NetworkBenchmark: Codable, Hashable, Sendable {
  public let kind: Workload.Kind
  public let batch: Int
  public let threads: Int
  /// Of whole batches, one after the other.
  public let imagesPerSecond: Spread
  /// Operations of one image, 2·MACs of every pass.
  public let operationsPerImage: Int
  public let peaks: MachinePeaks
  public let profile: Profile

  /// Images per second if every operation went at the machine's peak and nothing else took time. (Winograd
  /// convolutions need fewer multiplications, and can pass it.)
  public var limit: Double {
    1e9 * (kind == .integer ? peaks.byteGigaops : peaks.gigaflops) / Double(operationsPerImage)
  }

  /// Times `workload` for `seconds` as a whole and for as long again piece by piece.
  public init(_ workload: Workload, seconds: Double, peaks: MachinePeaks) throws {
    kind = workload.kind
    batch = workload.batch
    threads = workload.threads
    self.peaks = peaks
    operationsPerImage = workload.network.operations(trains: workload.kind == .training)
    imagesPerSecond = try workload.imagesPerSecond(seconds: seconds)
    var repetitions: [[TimedStep]] = []
    _ = try repeatedly(seconds: seconds) { repetitions.append(try workload.profile()) }
    profile = Profile(
      Array(repetitions.dropFirst()), of: workload.network, kind: kind, batch: batch, peaks: peaks)
  }
}

extension Workload {
  /// Over batches, after one that does not count.
  public func imagesPerSecond(seconds: Double) throws -> Spread {
    Spread(try repeatedly(seconds: seconds, step).map { Double(batch) / $0 })
  }
}
