import Foundation
import ResultStore
import Synchronization

/// Threads that read a store while it is written, each over a connection of its own: everything measured of one trial
/// after another, and every eighth time how many trials are in each state, with a pause between.
final class StoreReaders: Sendable {
  private struct State {
    var stopping = false
    var running = 0
    var seconds: [Double] = []
    var errors: [String] = []
  }
  private let state = Mutex(State())
  static let pause: UInt32 = 50_000

  init(_ count: Int, store: String) {
    state.withLock { $0.running = count }
    for number in 0..<count {
      let thread = Thread { self.work(store, number) }
      thread.name = "reader"
      thread.start()
    }
  }

  /// Lets the threads end. Each query's seconds, ascending, and what went wrong.
  func stop() -> (seconds: [Double], errors: [String]) {
    state.withLock { $0.stopping = true }
    while state.withLock({ $0.running > 0 }) { usleep(1000) }
    return state.withLock { ($0.seconds.sorted(), $0.errors) }
  }

  private func work(_ path: String, _ number: Int) {
    defer { state.withLock { $0.running -= 1 } }
    do {
      let store = try Store.reading(path)
      let trials = try store.read { try $0.trials().prefix(1000).map(\.id) }
      var turn = number
      while !state.withLock({ $0.stopping }) {
        let began = ContinuousClock.now
        if turn % 8 == 0 {
          _ = try store.read { try $0.counts() }
        } else {
          _ = try store.read { try $0.snapshots(trial: trials[turn % trials.count]) }
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        state.withLock { $0.seconds.append(seconds) }
        turn += 1
        usleep(Self.pause)
      }
      try store.close()
    } catch {
      state.withLock { $0.errors.append("\(error)") }
    }
  }
}
