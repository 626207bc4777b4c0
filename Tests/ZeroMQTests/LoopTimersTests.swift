import Testing

@testable import ZeroMQ

@Suite struct LoopTimersTests {
  @Test func timersComeByDeadlineAndEqualOnesInTheOrderAdded() {
    var timers = LoopTimers()
    let start = ContinuousClock.now
    var came: [(deadline: Int, number: Int)] = []
    var state: UInt64 = 7
    for number in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let deadline = Int(state >> 33) % 300
      timers.add(start + .milliseconds(deadline)) { came.append((deadline, number)) }
    }
    while let handler = timers.popDue(at: start + .milliseconds(149)) { handler() }
    #expect(came.allSatisfy { $0.deadline <= 149 })
    #expect(timers.next == start + .milliseconds(150))
    while let handler = timers.popDue(at: start + .seconds(1)) { handler() }
    #expect(came.count == 2000 && timers.next == nil)
    for (a, b) in zip(came, came.dropFirst()) { #expect((a.deadline, a.number) < (b.deadline, b.number)) }
  }
}
