import Crypto

/// A data set: its training and its test split.
public struct Dataset: Sendable {
  /// `cifar10`, `cifar100` or `synthetic`.
  public let name: String
  public let train: ImageSet
  public let test: ImageSet

  public var classes: Int { train.classes }

  /// The first `train` and `test` images of the splits, stratified by class; nil keeps a split whole.
  public func subset(train: Int?, test: Int?) throws(DatasetError) -> Dataset {
    Dataset(
      name: name, train: try Self.subset(self.train, train, "training"),
      test: try Self.subset(self.test, test, "test"))
  }

  private static func subset(_ set: ImageSet, _ count: Int?, _ split: String) throws(DatasetError) -> ImageSet
  {
    guard let count else { return set }
    guard (1...set.count).contains(count) else {
      throw DatasetError(
        "\(count) \(split) images were asked for; the set has \(set.count), and 1 is the least")
    }
    return try set.subset(first: count)
  }

  /// SHA-256 in hexadecimal over both splits: sizes, labels and all pixels. Equal on two machines exactly when
  /// both hold the same images in the same order. Reads everything: about 0.3 s for CIFAR-10.
  ///
  /// - Throws: `DatasetError` where a file cannot be read.
  public func fingerprint() throws(DatasetError) -> String {
    var hash = SHA256()
    for split in [train, test] {
      let header = [split.count, ImageSet.channels, split.height, split.width, split.classes].map(UInt64.init)
      for number in header + split.labels.map({ UInt64($0) }) {
        withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
      }
      try split.forEachImage { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    }
    return hash.finalize().map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }
}
