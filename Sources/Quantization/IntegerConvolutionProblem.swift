package import OneDNN

/// What an integer convolution computes.
package struct IntegerConvolutionProblem {
  package var name: String
  /// Of the images a call takes at most.
  package var geometry: ConvolutionGeometry
  /// O × I/groups × K × K.
  package var weights: QuantizedWeights
  package var input: AffineQuantizer
  /// At scale S_x·S_w; O.
  package var bias: [Int64]

  package init(
    name: String, geometry: ConvolutionGeometry, weights: QuantizedWeights, input: AffineQuantizer,
    bias: [Int64]
  ) {
    self.name = name
    self.geometry = geometry
    self.weights = weights
    self.input = input
    self.bias = bias
  }

  var isWide: Bool { input.bits > 8 || weights.quantizers[0].bits > 8 }
  var isDepthwise: Bool {
    geometry.groups > 1 && geometry.groups == geometry.inChannels && geometry.groups == geometry.outChannels
  }
  var channelsPerGroup: Int { geometry.inChannels / geometry.groups }
  var outputsPerGroup: Int { geometry.outChannels / geometry.groups }
  var paddedSize: Int { geometry.inputSize + geometry.padBefore + geometry.padAfter }
  var outputPixels: Int { geometry.outputSize * geometry.outputSize }
  /// Products in each sum.
  var window: Int { channelsPerGroup * geometry.kernel * geometry.kernel }

  /// The same sums with as many neighbouring groups taken as one as make its channels whole sixteens, the distances between
  /// them 0; itself where none do.
  var mergingGroups: Self {
    let groups = geometry.groups
    let factor = (1...groups).first {
      groups % $0 == 0 && channelsPerGroup * $0 % 16 == 0 && outputsPerGroup * $0 % 16 == 0
    }
    guard let factor, factor > 1 else { return self }
    var merged = self
    merged.geometry.groups /= factor
    let levels = (0..<geometry.outChannels).flatMap { o in
      let zero = UInt16(weights.quantizer(ofChannel: o).zeroPoint)
      var levels = [UInt16](repeating: zero, count: window * factor)
      let first = o / outputsPerGroup % factor * window
      levels.replaceSubrange(first..<first + window, with: weights.levels[o * window..<(o + 1) * window])
      return levels
    }
    merged.weights = QuantizedWeights(
      levels: levels, quantizers: weights.quantizers, outChannels: geometry.outChannels)
    return merged
  }

  /// The greatest magnitude that any input can give a sum of products.
  package var greatestSum: Int {
    let zero = Int(input.zeroPoint)
    let (highest, lowest) = (Int(input.lastLevel) - zero, -zero)
    return (0..<geometry.outChannels).map { o in
      let weightZero = Int(weights.quantizer(ofChannel: o).zeroPoint)
      var (greatest, least) = (0, 0)
      for level in weights.levels[o * window..<(o + 1) * window] {
        let w = Int(level) - weightZero
        greatest += max(w * highest, w * lowest)
        least += min(w * highest, w * lowest)
      }
      return max(greatest, -least)
    }.max()!
  }

  /// Copies images into the middle of padded ones, whose borders are left as they are.
  ///
  /// - Parameters:
  ///   - side: of a padded image; what is more than the padding lies behind it.
  ///   - copy: from, to and length of a run of pixels' levels; every run lies in one row of one image, or is a whole image where
  ///     none is padded.
  @inline(__always)
  func forEachRow(
    images: Int, side: Int? = nil, _ copy: (_ source: Int, _ destination: Int, _ length: Int) -> Void
  ) {
    let g = geometry
    let side = side ?? paddedSize
    let row = g.inputSize * g.inChannels
    if side == g.inputSize {
      let image = g.inputSize * row
      for i in 0..<images { copy(i * image, i * image, image) }
      return
    }
    for image in 0..<images {
      for y in 0..<g.inputSize {
        let padded = (image * side + y + g.padBefore) * side + g.padBefore
        copy((image * g.inputSize + y) * row, padded * g.inChannels, row)
      }
    }
  }
}
