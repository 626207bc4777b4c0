public import Networks

/// Canonical JSON of many configurations, one after another: a section that several share is written once.
public struct CanonicalForms {
  private var analysis = Sections<AnalysisSettings>()
  private var data = Sections<DataSettings>()
  private var initialization = Sections<Initialization>()
  private var network = Sections<Architecture>()
  private var quantization = Sections<QuantizationSettings>()
  private var training = Sections<TrainingSettings>()

  public init() {}

  /// `configuration.canonicalJSON`.
  public mutating func json(_ configuration: TrialConfiguration) -> String {
    var text = "{\"analysis\":"
    text.reserveCapacity(2048)
    text += analysis.text(configuration.analysis)
    text += ",\"data\":"
    text += data.text(configuration.data)
    text += ",\"initialization\":"
    text += initialization.text(configuration.initialization)
    text += ",\"network\":"
    text += network.text(configuration.network)
    text += ",\"quantization\":"
    text += quantization.text(configuration.quantization)
    text += ",\"seed\":\(configuration.seed),\"training\":"
    text += training.text(configuration.training)
    text += "}"
    return text
  }

  /// What has been written of one kind of section.
  private struct Sections<Section: Encodable & Hashable> {
    /// Kept at most; few sweeps have more.
    static var most: Int { 10_000 }

    private var last: (section: Section, text: String)?
    private var known: [Section: String] = [:]

    mutating func text(_ section: Section) -> String {
      if let last, last.section == section { return last.text }
      let text = known[section] ?? CanonicalJSON.text(TrialConfiguration.tree(of: section))
      if known.count >= Self.most { known = [:] }
      known[section] = text
      last = (section, text)
      return text
    }
  }
}
