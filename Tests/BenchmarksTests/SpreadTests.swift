import Benchmarks
import Testing

@Suite struct SpreadTests {
  @Test func anOddCountHasAMiddle() {
    let spread = Spread([3, 1, 100])
    #expect(spread.median == 3 && spread.least == 1 && spread.most == 100 && spread.count == 3)
  }

  @Test func anEvenCountTakesTheMeanOfTheMiddleTwo() {
    #expect(Spread([4, 1, 2, 100]).median == 3)
    #expect(Spread([7]).median == 7)
  }
}
