import Coordinator
import SweepProtocol
import Testing

@Suite struct SchedulerStatusTests {
  private func status(_ bench: inout SchedulerBench) -> ClusterStatus? {
    for case .reply(.status(let status), _) in bench.handle(.request(.status, from: ConnectionID([9]))) {
      return status
    }
    return nil
  }

  /// A thousand who ask at once, of a thousand workers, would otherwise take a gigabyte until they are answered.
  @Test func allThatAskAtOnceAreToldOneStatus() throws {
    var bench = SchedulerBench()
    _ = bench.greet()
    let first = try #require(status(&bench))
    let second = try #require(status(&bench))
    #expect(first == second)
    first.workers.withUnsafeBufferPointer { first in
      second.workers.withUnsafeBufferPointer { #expect(first.baseAddress == $0.baseAddress) }
    }
    _ = bench.greet(SchedulerBench.b)
    #expect(status(&bench)?.workers.count == 2)
    bench.now = bench.now + .milliseconds(250)
    #expect(status(&bench)?.workers.map(\.silence) == [0.25, 0.25])
  }
}
