internal import Networks
public import Sweeps

/// A trial as a sweep brings it into the store.
public struct NewTrial: Hashable, Sendable {
  /// SHA-256 of `json`, 64 lower-case hexadecimal digits.
  public var id: String
  /// For people.
  public var label: String
  /// The configuration's canonical JSON.
  public var json: String
  public var configuration: TrialConfiguration

  public init(id: String, label: String, json: String, configuration: TrialConfiguration) {
    self.id = id
    self.label = label
    self.json = json
    self.configuration = configuration
  }
}

/// A trial in the store.
public struct TrialRecord: Hashable, Sendable {
  public var id: String
  public var label: String
  /// The network's name in the published tables.
  public var network: String
  /// Canonical JSON.
  public var json: String
  public var configuration: TrialConfiguration
  /// Of one image, convolutions only (SPEC A4).
  public var convolutionMACs: Int
  /// All that is trained.
  public var parameters: Int
  public var state: TrialState
  /// Why it failed or was stopped.
  public var message: String?
  /// SHA-256 of the final weights.
  public var weightsSHA256: String?
  /// Wall seconds of the attempt that ended it.
  public var seconds: Double?
  /// Attempts that ended in an error since it was last put back to pending.
  public var failures: Int
}

extension TrialConfiguration {
  static func decoded(
    _ json: String, trial: String, path: String, by decoder: ConfigurationDecoder = ConfigurationDecoder()
  ) throws -> TrialConfiguration {
    do {
      return try decoder.decode(json)
    } catch {
      throw StoreError.corrupt(path: path, reason: "configuration of trial \(trial.prefix(12)): \(error)")
    }
  }
}

/// The columns of a trial that spell out its configuration for readers of the file.
struct TrialColumns {
  var label: String
  var block: String
  var factorization: String
  var initialization: String
  var convolutionMACs: Int
  var parameters: Int

  /// Throws where the network cannot be built.
  init(_ configuration: TrialConfiguration) throws {
    let network = try Network(configuration.network)
    (block, factorization) = Self.words(configuration.network.factorization)
    initialization = Self.word(configuration.initialization.strategy)
    label = networkLabel(configuration.network, configuration.initialization)
    convolutionMACs = network.convolutionCost.macs
    parameters = network.cost.parameters
  }

  private static func words(_ factorization: Factorization) -> (block: String, factorization: String) {
    switch factorization {
    case .none: ("regular", "none")
    case .depthwise: ("depthwise", "depthwise")
    case .uniform(let f): (f == 1 ? "regular" : "groupwise", "uniform \(f)")
    case .reversePyramid(let f): ("groupwise", "reversePyramid \(f)")
    case .explicit(let rates): ("groupwise", "explicit " + rates.map(String.init).joined(separator: " "))
    }
  }

  private static func word(_ strategy: Initialization.Strategy) -> String {
    switch strategy {
    case .normal(let sigma): "normal \(sigma)"
    case .uniform(let bound): "uniform \(bound)"
    case .modifiedGlorotUniform(let c): "modifiedGlorotUniform \(c)"
    case .glorotUniform: "glorotUniform"
    case .glorotNormal: "glorotNormal"
    case .heUniform: "heUniform"
    case .heNormal: "heNormal"
    }
  }
}
