import Datasets
import Foundation
import Testing

@Suite struct AugmentationTests {
  private static let still = Augmentation(
    shift: 0, zoom: 0, rotation: 0, horizontalFlip: false, verticalFlip: false)

  private func loader(
    _ set: ImageSet, _ augmentation: Augmentation?, scaling: PixelScaling = .unit, seed: UInt64 = 1
  ) -> BatchLoader {
    BatchLoader(training: set, scaling: scaling, batch: 8, augmentation: augmentation, seed: seed)
  }

  private func resampled(_ image: [UInt8], _ map: AffineMap) -> [Float] {
    var scratch = [SIMD4<Float>](repeating: .zero, count: resampleScratchCount(height: 32, width: 32))
    var output = [Float](repeating: -1, count: image.count)
    resample(image, height: 32, width: 32, map: map, scaling: .unit, scratch: &scratch, into: &output)
    return output
  }

  @Test func unitScalingIsPixelsOver255() throws {
    let set = try Dataset.synthetic(train: 3, test: 1).train
    let loaded = try loader(set, nil).loading([2, 0])
    let pixels = try rawPixels(of: set, 2) + rawPixels(of: set, 0)
    #expect(zip(loaded.images, pixels).allSatisfy { abs($0 - Float($1) / 255) <= 6e-8 })
    #expect(loaded.images.allSatisfy { $0 >= 0 && $0 <= 1 })
    #expect(loaded.labels == [2, 0])
  }

  @Test func standardizedSetHasMeanZeroAndDeviationOne() throws {
    let set = try Dataset.synthetic(train: 20, test: 1).train
    let loaded = try loader(set, nil, scaling: .standardized(set.statistics())).loading(0..<20)
    for c in 0..<3 {
      let planes = (0..<20).map { loaded.images[($0 * 3 + c) * 1024..<($0 * 3 + c + 1) * 1024] }
      let values = planes.joined().map { Double($0) }
      let mean = values.reduce(0, +) / Double(values.count)
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      #expect(abs(mean) < 1e-5 && abs(square - 1) < 1e-5)
    }
  }

  @Test func identityIsExact() throws {
    let set = try Dataset.synthetic(train: 8, test: 1).train
    for scaling in [PixelScaling.unit, .standardized(try set.statistics())] {
      let plain = try loader(set, nil, scaling: scaling).loading(0..<8)
      #expect(try loader(set, Self.still, scaling: scaling).loading(0..<8, epoch: 3) == plain)
    }
  }

  /// With flips alone every image is one of its mirror images, bit for bit, and over 40 images each comes up.
  @Test(arguments: [(true, false), (false, true), (true, true)])
  func flipsAreExact(horizontal: Bool, vertical: Bool) throws {
    let set = try Dataset.synthetic(train: 40, test: 1).train
    var flips = Self.still
    flips.horizontalFlip = horizontal
    flips.verticalFlip = vertical
    let plain = try loader(set, nil).loading(0..<40).images
    let flipped = try loader(set, flips).loading(0..<40).images
    let mirrors = [(false, false), (true, false), (false, true), (true, true)].filter {
      (!$0.0 || horizontal) && (!$0.1 || vertical)
    }
    var seen = Set<Int>()
    for n in 0..<40 {
      let range = n * 3072..<(n + 1) * 3072
      let original = Array(plain[range])
      let which = mirrors.firstIndex { mirror in
        (0..<3072).allSatisfy { i in
          let (plane, y, x) = (i / 1024, i / 32 % 32, i % 32)
          let source = plane * 1024 + (mirror.1 ? 31 - y : y) * 32 + (mirror.0 ? 31 - x : x)
          return flipped[range.lowerBound + i] == original[source]
        }
      }
      seen.insert(try #require(which, "image \(n) is no mirror image of itself"))
    }
    #expect(seen.count == mirrors.count)
  }

  /// Against scipy's map_coordinates (scripts/fixtures/affine.py). Coordinates are rounded to 2⁻²⁴ and their
  /// steps add up over 31 + 31 pixels, so a value may be off by 2 axes · 62 · 2⁻²⁵ · (full contrast of 1) = 4e-6,
  /// and by a few roundings of 6e-8.
  @Test func samplesAsScipyDoes() throws {
    let image = [UInt8](try Data(contentsOf: fixture("affine-image.bin")))
    let maps = try JSONDecoder().decode([[Double]].self, from: Data(contentsOf: fixture("affine-maps.json")))
    let expected = try Data(contentsOf: fixture("affine-expected.bin")).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    try #require(maps.count == 6 && expected.count == 6 * 3072)
    for (n, m) in maps.enumerated() {
      let map = AffineMap(
        xx: m[0], xy: m[1], yx: m[2], yy: m[3], across: m[4], down: m[5], height: 32, width: 32)
      let worst = zip(resampled(image, map), expected[n * 3072..<(n + 1) * 3072]).map { abs($0 - $1) }.max()!
      #expect(worst < 5e-6, "map \(n)")
    }
  }

  /// The drawn maps stay within the named magnitudes and use their whole range.
  @Test func mapsHaveTheNamedMagnitudes() {
    let one = Double(1 << AffineMap.fractionBits)
    let augmentation = Augmentation(horizontalFlip: false, verticalFlip: false)
    var angles: [Double] = []
    var zooms: [Double] = []
    var shifts: [Double] = []
    for image in 0..<2_000 {
      let map = augmentation.map(seed: 9, epoch: 2, image: image, height: 32, width: 32)
      let c = Double(map.xPerColumn) / one
      let s = Double(map.yPerColumn) / one
      angles.append(atan2(s, c) * 180 / .pi)
      zooms.append((c * c + s * s).squareRoot())
      shifts.append((Double(map.x) + 15.5 * Double(map.xPerColumn + map.xPerRow)) / one - 15.5)
      #expect(map.xPerColumn == map.yPerRow && map.yPerColumn == -map.xPerRow)
    }
    #expect(
      angles.max()! <= 15.0001 && angles.max()! > 14.8 && angles.min()! >= -15.0001 && angles.min()! < -14.8)
    #expect(zooms.max()! <= 1.1001 && zooms.max()! > 1.098 && zooms.min()! >= 0.8999 && zooms.min()! < 0.902)
    #expect(
      shifts.max()! <= 3.2001 && shifts.max()! > 3.15 && shifts.min()! >= -3.2001 && shifts.min()! < -3.15)
  }

  @Test func switchingOneKindOffLeavesTheOthersAsTheyWere() {
    let all = Augmentation(horizontalFlip: false, verticalFlip: false)
    var unshifted = all
    unshifted.shift = 0
    let a = all.map(seed: 3, epoch: 1, image: 5, height: 32, width: 32)
    let b = unshifted.map(seed: 3, epoch: 1, image: 5, height: 32, width: 32)
    #expect(a.xPerColumn == b.xPerColumn && a.yPerColumn == b.yPerColumn && a.x != b.x)
  }

  @Test func dependsOnSeedEpochAndImageOnly() throws {
    let set = try Dataset.synthetic(train: 16, test: 1).train
    let loader = loader(set, Augmentation())
    let together = try loader.loading([3, 9, 14], epoch: 5).images
    let alone = try loader.loading([9], epoch: 5).images
    #expect(Array(together[3072..<6144]) == alone)
    #expect(try loader.loading([9], epoch: 6).images != alone)
    #expect(try self.loader(set, Augmentation(), seed: 2).loading([9], epoch: 5).images != alone)
  }

  /// The numerics of augmented training input: part of every result, so they must never change unnoticed.
  @Test func valuesStayTheSame() throws {
    let set = try Dataset.synthetic(train: 32, test: 1).train
    let loaded = try loader(set, Augmentation(), seed: 42).loading(0..<32, epoch: 7)
    #expect(sha256(loaded.images) == "2516de9cec4887b13be60d2a07495838924207403f12f0cca168de5536a333a9")
  }
}
