internal import Networks

/// Decodes complete trees of settings, one after another: of a tree like the one before only the sections that differ
/// are decoded.
final class ConfigurationTrees {
  /// The last one found to be possible.
  var network: Architecture?
  private var last: (sections: [SettingEntry], configuration: TrialConfiguration)?

  func decode(_ tree: SettingNode, source: String) throws(SweepError) -> TrialConfiguration {
    let sections = tree.entries ?? []
    guard var configuration = last?.configuration, let before = last?.sections,
      sections.map(\.key) == before.map(\.key)
    else { return try decodeWhole(tree, source) }
    for (section, old) in zip(sections, before) where section.value != old.value {
      let node = section.value
      switch section.key {
      case "analysis": configuration.analysis = try decode(node, section.key, source)
      case "data": configuration.data = try decode(node, section.key, source)
      case "initialization": configuration.initialization = try decode(node, section.key, source)
      case "network": configuration.network = try decode(node, section.key, source)
      case "quantization": configuration.quantization = try decode(node, section.key, source)
      case "seed": configuration.seed = try decode(node, section.key, source)
      case "training": configuration.training = try decode(node, section.key, source)
      default: return try decodeWhole(tree, source)
      }
    }
    last = (sections, configuration)
    return configuration
  }

  private func decodeWhole(_ tree: SettingNode, _ source: String) throws(SweepError) -> TrialConfiguration {
    let configuration = try TrialConfiguration.decode(tree, source: source)
    last = (tree.entries ?? [], configuration)
    return configuration
  }

  private func decode<Section: Decodable>(
    _ node: SettingNode, _ key: String, _ source: String
  ) throws(SweepError) -> Section {
    do {
      return try SettingDecoder.decode(Section.self, from: node, at: [key])
    } catch let error as SweepError {
      throw error
    } catch {
      throw SweepError(source, "\(error)")
    }
  }
}
