import Foundation
import OneDNN
import Tensors
import Testing

@testable import Training

/// Against double precision, over as many values as a batch of the full-size networks has.
@Suite struct BatchNormalizationTests {
  struct Case: CustomTestStringConvertible {
    let images: Int
    let channels: Int
    let side: Int
    let format: Layout.Format
    let relu: Bool
    let threads: Int
    var testDescription: String { "\(images) × \(channels) × \(side)², \(format), \(threads) threads" }
  }

  static let cases = [
    Case(images: 128, channels: 16, side: 32, format: .blocks16, relu: true, threads: 1),
    Case(images: 128, channels: 16, side: 32, format: .blocks16, relu: true, threads: 3),
    Case(images: 96, channels: 16, side: 32, format: .blocks8, relu: false, threads: 1),
    Case(images: 5, channels: 20, side: 7, format: .blocks16, relu: true, threads: 2),
    Case(images: 3, channels: 12, side: 3, format: .blocks8, relu: true, threads: 1),
  ]

  @Test(arguments: cases) func equalsDoublePrecision(_ shape: Case) {
    let fixture = Fixture(shape)
    let expected = fixture.expected()
    fixture.run()
    #expect(fixture.error(fixture.mean, expected.mean) < 1e-7)
    #expect(fixture.error(fixture.variance, expected.variance) < 1e-6)
    #expect(fixture.error(fixture.y, expected.y) < 5e-6)
    #expect(fixture.error(fixture.shiftGradient, expected.shiftGradient) < 1e-6)
    #expect(fixture.error(fixture.scaleGradient, expected.scaleGradient, scale: expected.products) < 1e-6)
    #expect(fixture.error(fixture.gradient, expected.gradient) < 3e-6)
  }

  @Test func theThreadsChangeNoBit() {
    let one = Fixture(Self.cases[0])
    let three = Fixture(Self.cases[1])
    one.run()
    three.run()
    for (a, b) in [
      (one.y, three.y), (one.gradient, three.gradient), (one.mean, three.mean),
      (one.variance, three.variance),
      (one.scaleGradient, three.scaleGradient), (one.shiftGradient, three.shiftGradient),
    ] {
      #expect(a.buffer.elementsEqual(b.buffer) { $0.bitPattern == $1.bitPattern })
    }
  }

  @Test func channelsThatPadABlockStayZero() {
    let fixture = Fixture(Self.cases[3])
    fixture.run()
    for values in [fixture.y, fixture.gradient] {
      for (i, value) in values.buffer.enumerated() where fixture.channel(of: i) >= 20 { #expect(value == 0) }
    }
  }
}

/// Values of one case: a channel's mean lies far from 0, where sums lose digits.
private final class Fixture {
  let shape: ChannelBlocks
  let relu: Bool
  let normalization: BatchNormalization
  let x, y, outputGradient, gradient: AlignedBuffer<Float>
  let mean, variance, scale, shift, scaleGradient, shiftGradient: AlignedBuffer<Float>
  private let channels: Int
  private static let epsilon = 1e-3

  init(_ c: BatchNormalizationTests.Case) {
    shape = ChannelBlocks(images: c.images, extents: [c.channels, c.side, c.side], format: c.format)!
    relu = c.relu
    channels = c.channels
    normalization = BatchNormalization(
      shape: shape, epsilon: Self.epsilon, relu: c.relu, threads: c.threads)
    let count = shape.images * shape.channels * shape.pixels
    (x, y) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
    (outputGradient, gradient) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
    func perChannel() -> AlignedBuffer<Float> { AlignedBuffer(count: 32) }
    (mean, variance, scale, shift) = (perChannel(), perChannel(), perChannel(), perChannel())
    (scaleGradient, shiftGradient) = (perChannel(), perChannel())
    var state: UInt64 = 1
    func uniform() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
    for i in 0..<count where channel(of: i) < channels {
      x.base[i] = 3 + Float(channel(of: i)) + 2 * uniform()
      outputGradient.base[i] = uniform() - 0.4
    }
    for c in 0..<channels { (scale.base[c], shift.base[c]) = (0.5 + uniform(), uniform() - 0.5) }
  }

  func channel(of index: Int) -> Int {
    index / (shape.pixels * shape.width) % (shape.channels / shape.width) * shape.width + index % shape.width
  }

  func run() {
    let parameters = BatchNormalization.Parameters(
      mean: mean.base, variance: variance.base, scale: scale.base, shift: shift.base,
      scaleGradient: scaleGradient.base, shiftGradient: shiftGradient.base)
    gradient.base.update(from: outputGradient.base, count: gradient.count)
    let slices = [0..<shape.images / 3, shape.images / 3..<shape.images]
    for slice in slices {
      normalization.measure(x.base + slice.lowerBound * shape.imageCount, images: slice)
    }
    normalization.finishMeasuring(parameters)
    normalization.take(parameters)
    normalization.normalize(x.base, into: y.base, images: shape.images)
    for slice in slices {
      let start = slice.lowerBound * shape.imageCount
      normalization.addGradients(x.base + start, gradient.base + start, images: slice)
    }
    normalization.finishGradientSums(parameters)
    normalization.applyGradient(x.base, gradient.base, images: shape.images)
  }

  struct Expected {
    var mean, variance, scaleGradient, shiftGradient: [Double]
    var y, gradient: [Double]
    /// The largest sum of what adds up to `scaleGradient`, signs aside.
    var products = 0.0
  }

  func expected() -> Expected {
    let zeros = [Double](repeating: 0, count: channels)
    let none = [Double](repeating: 0, count: x.count)
    var e = Expected(
      mean: zeros, variance: zeros, scaleGradient: zeros, shiftGradient: zeros, y: none, gradient: none)
    let count = Double(shape.images * shape.pixels)
    let real = (0..<x.count).filter { channel(of: $0) < channels }
    for i in real { e.mean[channel(of: i)] += Double(x.base[i]) / count }
    for i in real { e.variance[channel(of: i)] += pow(Double(x.base[i]) - e.mean[channel(of: i)], 2) / count }
    func normalized(_ i: Int) -> Double {
      (Double(x.base[i]) - e.mean[channel(of: i)]) / (e.variance[channel(of: i)] + Self.epsilon).squareRoot()
    }
    func passed(_ i: Int) -> Double { relu && y.base[i] <= 0 ? 0 : Double(outputGradient.base[i]) }
    run()
    for i in real {
      let c = channel(of: i)
      let value = Double(scale.base[c]) * normalized(i) + Double(shift.base[c])
      e.y[i] = relu ? max(value, 0) : value
      e.shiftGradient[c] += passed(i)
      e.scaleGradient[c] += passed(i) * normalized(i)
    }
    for c in 0..<channels {
      let terms = real.lazy.filter { self.channel(of: $0) == c }.map { abs(passed($0) * normalized($0)) }
      e.products = max(e.products, terms.reduce(0, +))
    }
    for i in real {
      let c = channel(of: i)
      let factor = Double(scale.base[c]) / (e.variance[c] + Self.epsilon).squareRoot()
      e.gradient[i] =
        factor * (passed(i) - (e.shiftGradient[c] + normalized(i) * e.scaleGradient[c]) / count)
    }
    return e
  }

  /// The largest difference, relative to the largest value.
  func error(_ found: AlignedBuffer<Float>, _ expected: [Double], scale: Double? = nil) -> Double {
    let scale = scale ?? expected.reduce(1e-6) { max($0, abs($1)) }
    return expected.indices.reduce(0) { max($0, abs(Double(found.base[$1]) - expected[$1])) } / scale
  }
}
