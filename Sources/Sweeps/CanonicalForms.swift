public import Networks

/// Canonical JSON of many configurations, one after another: a section that several share is written once.
public struct CanonicalForms {
  private var analysis: [AnalysisSettings: String] = [:]
  private var data: [DataSettings: String] = [:]
  private var initialization: [Initialization: String] = [:]
  private var network: [Architecture: String] = [:]
  private var quantization: [QuantizationSettings: String] = [:]
  private var training: [TrainingSettings: String] = [:]

  public init() {}

  /// `configuration.canonicalJSON`.
  public mutating func json(_ configuration: TrialConfiguration) -> String {
    var text = "{\"analysis\":"
    text.reserveCapacity(2048)
    text += Self.text(configuration.analysis, &analysis)
    text += ",\"data\":"
    text += Self.text(configuration.data, &data)
    text += ",\"initialization\":"
    text += Self.text(configuration.initialization, &initialization)
    text += ",\"network\":"
    text += Self.text(configuration.network, &network)
    text += ",\"quantization\":"
    text += Self.text(configuration.quantization, &quantization)
    text += ",\"seed\":\(configuration.seed),\"training\":"
    text += Self.text(configuration.training, &training)
    text += "}"
    return text
  }

  /// Sections kept of a kind; few sweeps have more.
  private static let most = 10_000

  private static func text<Section: Encodable & Hashable>(
    _ section: Section, _ known: inout [Section: String]
  ) -> String {
    if let text = known[section] { return text }
    let text = CanonicalJSON.text(TrialConfiguration.tree(of: section))
    if known.count >= most { known = [:] }
    known[section] = text
    return text
  }
}
