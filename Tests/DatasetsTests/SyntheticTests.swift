import Datasets
import Foundation
import Testing

@Suite struct SyntheticTests {
  @Test func isAPureFunctionOfSplitAndIndex() throws {
    let small = try Dataset.synthetic(train: 12, test: 12)
    let large = try Dataset.synthetic(train: 40, test: 20)
    for i in 0..<12 {
      #expect(try rawPixels(of: small.train, i) == rawPixels(of: large.train, i))
      #expect(try rawPixels(of: small.test, i) == rawPixels(of: large.test, i))
      #expect(try rawPixels(of: small.train, i) != rawPixels(of: small.test, i))
    }
    #expect(large.train.labels == (0..<40).map { Int32($0 % 10) })
  }

  /// The bytes are part of every result on this set: they must never change unnoticed.
  @Test func bytesStayTheSame() throws {
    #expect(try Dataset.synthetic(train: 20, test: 10).fingerprint() == Dataset.syntheticFingerprint)
  }

  @Test func fingerprintSeesEveryDifference() throws {
    let data = try Dataset.synthetic(train: 20, test: 10)
    let whole = try data.fingerprint()
    #expect(try data.subset(train: 19, test: nil).fingerprint() != whole)
    #expect(try data.subset(train: nil, test: 9).fingerprint() != whole)
    #expect(try data.subset(train: 20, test: 10).fingerprint() == whole)
  }

  @Test func subsetIsStratifiedAndKeepsTheOrder() throws {
    let data = try Dataset.synthetic(train: 100, test: 30)
    let subset = try data.subset(train: 25, test: 10)
    let perClass = Dictionary(grouping: subset.train.labels, by: { $0 }).mapValues(\.count)
    #expect((0..<10).map { perClass[$0] } == [3, 3, 3, 3, 3, 2, 2, 2, 2, 2])
    let indices = Array(0..<25)
    #expect(subset.train.labels == indices.map { data.train.labels[$0] })
    #expect(try indices.allSatisfy { try rawPixels(of: subset.train, $0) == rawPixels(of: data.train, $0) })
    #expect(subset.test.count == 10)
  }

  /// Taking class 3's images out leaves a set whose classes are uneven: the others then give more.
  @Test func subsetOfUnevenClassesTakesWhatThereIs() throws {
    let data = try Dataset.synthetic(train: 23, test: 10)
    let subset = try data.train.subset(first: 22)
    let perClass = Dictionary(grouping: subset.labels, by: { $0 }).mapValues(\.count)
    #expect((0..<10).map { perClass[$0] } == [3, 3, 2, 2, 2, 2, 2, 2, 2, 2])
  }

  @Test func impossibleSizesAreRefused() throws {
    let data = try Dataset.synthetic(train: 20, test: 10)
    #expect(throws: DatasetError("21 training images were asked for; the set has 20, and 1 is the least")) {
      try data.subset(train: 21, test: nil)
    }
    #expect(throws: DatasetError("0 test images were asked for; the set has 10, and 1 is the least")) {
      try data.subset(train: nil, test: 0)
    }
    #expect(throws: DatasetError.self) { try Dataset.synthetic(train: 0) }
  }

  @Test func statisticsAreThoseOfThePixels() throws {
    let set = try Dataset.synthetic(train: 15, test: 1).train
    for c in 0..<3 {
      let planes = try (0..<15).map { try rawPixels(of: set, $0)[c * 1024..<(c + 1) * 1024] }
      let values = planes.joined().map { Double($0) / 255 }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      #expect(try abs(set.statistics().mean[c] - mean) < 1e-12)
      #expect(try abs(set.statistics().standardDeviation[c] - variance.squareRoot()) < 1e-9)
    }
  }
}
