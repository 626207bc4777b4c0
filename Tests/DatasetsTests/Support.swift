import Crypto
import Datasets
import Foundation
import Testing

/// A directory of a test's own, removed when the test drops it.
final class ScratchDirectory: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }
}

func fixture(_ name: String) throws -> URL {
  try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
}

/// The images and labels of one batch.
struct LoadedBatch: Equatable {
  var images: [Float]
  var labels: [Int32]
}

extension BatchLoader {
  func batch(_ number: Int, epoch: Int) throws -> LoadedBatch {
    let indices = order.indices(epoch: epoch, count: set.count)
    let size = min(batch, set.count - number * batch)
    return try loading(indices[(number * batch)..<(number * batch + size)], epoch: epoch)
  }

  func loading(_ sequence: some Sequence<Int32>, epoch: Int = 0) throws -> LoadedBatch {
    let indices = Array(sequence)
    var loaded = LoadedBatch(
      images: [Float](repeating: -1, count: indices.count * set.valuesPerImage),
      labels: [Int32](repeating: -1, count: indices.count))
    try loaded.images.withUnsafeMutableBufferPointer { images in
      try loaded.labels.withUnsafeMutableBufferPointer {
        try load(indices[...], epoch: epoch, images: images, labels: $0)
      }
    }
    return loaded
  }
}

func sha256(_ values: [Float]) -> String {
  values.withUnsafeBytes { SHA256.hash(data: Data($0)) }.map { String(format: "%02x", $0) }.joined()
}

func rawPixels(of set: ImageSet, _ index: Int) throws -> [UInt8] {
  var pixels = [UInt8](repeating: 0, count: set.valuesPerImage)
  try pixels.withUnsafeMutableBufferPointer { try set.readPixels(of: index, into: $0) }
  return pixels
}
