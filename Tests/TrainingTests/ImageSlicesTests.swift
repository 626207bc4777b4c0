import Testing

@testable import Training

@Suite struct ImageSlicesTests {
  @Test(arguments: [
    (count: 128, most: 8, size: 8), (128, 9, 8), (80, 6, 5), (80, 1, 1), (127, 8, 127), (97, 1, 1),
    (122, 8, 61), (5, 100, 5), (1, 1, 1),
  ])
  func slicesAreOfTheLargestSizeThatFitsOrTheNext(count: Int, most: Int, size: Int) {
    let slices = ImageSlices(count: count, imageBytes: 10, sliceBytes: 10 * most + 9)
    #expect(slices.size == size)
    #expect(slices.ranges.allSatisfy { $0.count == size })
    #expect(slices.ranges.flatMap { Array($0) } == Array(0..<count))
  }

  @Test func anImageLargerThanASliceIsASliceOfItsOwn() {
    #expect(ImageSlices(count: 6, imageBytes: 100, sliceBytes: 10).ranges.count == 6)
  }
}
