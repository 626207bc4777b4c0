import Networks

/// A group convolution computed with fewer, larger groups: weights between the original groups are held at
/// zero, so that results are the same.
///
/// oneDNN's fast convolutions work on blocks of 16 channels. With fewer channels in a group it picks other
/// block sizes than its neighbours', or has nothing but a reference implementation.
struct GroupMerging: Hashable {
  /// Groups of the layer.
  let groups: Int
  /// How many of them are computed as one.
  let factor: Int

  var mergedGroups: Int { groups / factor }

  /// What to try, in this order, for a layer: a fixed rule on its shape. The first is what is used where
  /// neither Strata's own code nor Winograd serves the groups; the others are for shapes that oneDNN has no fast code for
  /// on a processor.
  static func candidates(for layer: Layer) -> [Self] {
    let groups = layer.groups
    let channels = layer.inChannels / groups
    let blocked = (1...groups).first { groups % $0 == 0 && channels * $0 % 16 == 0 } ?? groups
    let isDepthwise = groups == layer.inChannels && layer.outChannels == layer.inChannels
    let factors = (isDepthwise ? [1] : []) + [blocked, groups]
    var seen = Set<Int>()
    return factors.filter { seen.insert($0).inserted }.map { Self(groups: groups, factor: $0) }
  }

  /// O × I/groups × K × K → O × (I/groups · factor) × K × K with zeros between original groups.
  ///
  /// - Parameter shape: O, I/groups, K, K (or O, I for dense layers, which have one group).
  func merge(_ weights: [Float], shape: [Int]) -> [Float] {
    if factor == 1 { return weights }
    var merged = [Float](repeating: 0, count: weights.count * factor)
    forEachRow(shape) { source, destination, length in
      merged.replaceSubrange(destination..<destination + length, with: weights[source..<source + length])
    }
    return merged
  }

  /// The inverse of `merge`, dropping what lies between original groups.
  func split(_ merged: [Float], shape: [Int]) -> [Float] {
    if factor == 1 { return merged }
    var weights = [Float](repeating: 0, count: merged.count / factor)
    forEachRow(shape) { destination, source, length in
      weights.replaceSubrange(destination..<destination + length, with: merged[source..<source + length])
    }
    return weights
  }

  /// Calls `body` for every output channel: its weights lie together in both forms.
  private func forEachRow(_ shape: [Int], _ body: (_ plain: Int, _ merged: Int, _ length: Int) -> Void) {
    let length = shape.dropFirst().reduce(1, *)
    let outputsPerGroup = shape[0] / groups
    for o in 0..<shape[0] {
      let positionInMerged = o / outputsPerGroup % factor
      body(o * length, (o * factor + positionInMerged) * length, length)
    }
  }
}
