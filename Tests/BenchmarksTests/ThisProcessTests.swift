import Benchmarks
import Testing

@Suite struct ThisProcessTests {
  @Test func ageAndMemoryArePlausible() throws {
    let age = try #require(ThisProcess.age)
    #expect(age >= 0 && age < 86_400)
    #expect(ThisProcess.peakMemory > 1_000_000)
  }
}
