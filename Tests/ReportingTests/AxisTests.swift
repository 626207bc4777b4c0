import Testing

@testable import Reporting

struct AxisTests {
  @Test(arguments: [
    (0.0, 10.0, 5, ["0", "2", "4", "6", "8", "10"]),
    (0, 1, 4, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
    (-1, 1, 4, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    (62, 89, 5, ["60", "70", "80", "90"]),
    (0, 0.0003, 3, ["0.0000", "0.0001", "0.0002", "0.0003"]),
  ])
  func linearTicksAreRound(lower: Double, upper: Double, count: Int, labels: [String]) {
    #expect(Ticks.linear(from: lower, to: upper, count: count).map(\.label) == labels)
  }

  @Test func ticksOutsideOrdinaryNumbersShareOnePowerOfTen() {
    #expect(
      Ticks.linear(from: 0, to: 1e9, count: 2).map(\.label) == ["0", "0.5·10⁹", "1.0·10⁹"])
    #expect(
      Ticks.linear(from: 0, to: 4e-5, count: 2).map(\.label) == ["0", "2·10⁻⁵", "4·10⁻⁵"])
  }

  @Test func logarithmicTicksAreDecadesOrOneTwoFive() {
    #expect(Ticks.logarithmic(from: 0.02, to: 700).map(\.label) == ["0.01", "0.1", "1", "10", "100", "1000"])
    #expect(Ticks.logarithmic(from: 3, to: 90).map(\.label) == ["2", "5", "10", "20", "50", "100"])
    let wide = Ticks.logarithmic(from: 1e-3, to: 1e27)
    #expect(wide.count <= 8)
    #expect(wide.first?.value == 1e-3 && wide.last.map { $0.value >= 1e27 } == true)
  }

  @Test func positionsRunFromZeroToOne() {
    let linear = Axis.linear([1, 9], includesZero: true)
    #expect(linear.position(0) == 0 && linear.position(10) == 1 && linear.position(5) == 0.5)
    let logarithmic = Axis.logarithmic([0.001, 1000])
    #expect(logarithmic.position(1).map { abs($0 - 0.5) < 1e-12 } == true)
  }

  @Test func whatCannotBeDrawnHasNoPosition() {
    let axis = Axis.linear([0, 1])
    #expect(axis.position(nil) == nil && axis.position(.nan) == nil && axis.position(.infinity) == nil)
    #expect(Axis.logarithmic([1, 10]).position(-1) == nil)
    #expect(Axis.logarithmic([1, 10]).position(0) == nil)
  }

  @Test func zerosHaveTheirLaneBelowALogarithmicAxis() throws {
    let axis = Axis.automatic([0, 1e-3, 1e9])
    #expect(axis.scale == .logarithmic)
    let zero = try #require(axis.position(0))
    let least = try #require(axis.position(1e-3))
    #expect(zero > 0 && zero < least)
    #expect(axis.ticks.first?.label == "0")
  }

  @Test func automaticIsLinearForNarrowOrNegativeValues() {
    #expect(Axis.automatic([1, 2, 20]).scale == .linear)
    #expect(Axis.automatic([-1, 1e-6, 1e6]).scale == .linear)
    #expect(Axis.automatic([0.001, 1]).scale == .logarithmic)
  }

  @Test(arguments: [
    [], [.nan], [5], [0], [0, 0], [-3], [.infinity, 1], [1e30, 1e30], [-1e38, 1e38], [1e-38, 2e-38],
    [.greatestFiniteMagnitude, -.greatestFiniteMagnitude], [.leastNonzeroMagnitude],
    [.leastNormalMagnitude, 1],
  ])
  func everySetOfValuesGivesAnAxis(values: [Double]) {
    for axis in [Axis.linear(values), .logarithmic(values), .automatic(values), .tightLogarithmic(values)] {
      #expect(axis.lower < axis.upper)
      #expect(axis.ticks.allSatisfy { axis.position($0.value) != nil })
      #expect(axis.ticks.count <= 14)
      for value in values where value.isFinite {
        if let place = axis.position(value) { #expect((0...1).contains(place)) }
      }
    }
  }
}
