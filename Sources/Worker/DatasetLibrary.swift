import Datasets
public import Foundation
import Networks
import Sweeps
import Synchronization

/// The data sets a worker can train on: the synthetic one always, CIFAR where its files were found.
public final class DatasetLibrary: Sendable {
  private let loaded: [String: Dataset]
  private let synthetic = Mutex<Dataset?>(nil)
  /// Fingerprint of every data set by its name, for the coordinator.
  public let fingerprints: [String: String]

  /// - Parameter directory: where CIFAR-10, CIFAR-100 or both lie in their official binary layout; nil for
  ///   synthetic data alone.
  /// - Throws: `DatasetError` where the directory holds neither, or a file of one is wrong.
  public init(directory: URL?) throws {
    let loaded = try directory.map({ try Dataset.all(in: $0) }) ?? []
    self.loaded = Dictionary(uniqueKeysWithValues: loaded.map { ($0.name, $0) })
    var fingerprints = try self.loaded.mapValues { try $0.fingerprint() }
    fingerprints[DataSettings.Dataset.synthetic.rawValue] = Dataset.syntheticFingerprint
    self.fingerprints = fingerprints
  }

  /// The trial's images, cut to the subset it asks for.
  func dataset(for configuration: TrialConfiguration) throws -> Dataset {
    let settings = configuration.data
    let whole: Dataset
    if settings.dataset == .synthetic {
      whole = try synthetic.withLock { cached in
        if let cached { return cached }
        let made = try Dataset.synthetic()
        cached = made
        return made
      }
    } else if let found = loaded[settings.dataset.rawValue] {
      whole = found
    } else {
      throw TrialError(
        "the trial needs \(settings.dataset.rawValue); start the worker with --data DIR that holds it")
    }
    guard whole.classes == configuration.network.classes else {
      throw TrialError(
        "\(whole.name) has \(whole.classes) classes, the network \(configuration.network.classes): "
          + "set network.classes to \(whole.classes)")
    }
    return try whole.subset(train: settings.train, test: settings.test)
  }
}

/// A trial that cannot be executed, or a checkpoint that cannot be used; one line.
public struct TrialError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
