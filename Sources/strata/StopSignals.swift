import Dispatch
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as calls: the first asks for a graceful stop, the second for an immediate one. A
/// reader of this process's output that goes away does not end it.
///
/// `@unchecked Sendable`: dispatch sources may be held and released by any thread.
final class StopSignals: @unchecked Sendable {
  private let sources: [any DispatchSourceSignal]

  /// - Parameter received: called on a private queue with the number of the call, from 1.
  init(_ received: @escaping @Sendable (Int) -> Void) {
    signal(SIGPIPE, SIG_IGN)
    let queue = DispatchQueue(label: "strata.signals")
    let count = Count()
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { received(count.increment()) }
      source.resume()
      return source
    }
  }

  private final class Count: Sendable {
    private let value = Atomic(0)
    func increment() -> Int { value.add(1, ordering: .relaxed).newValue }
  }
}

extension StopSignals {
  convenience init(first: @escaping @Sendable () -> Void, second: @escaping @Sendable () -> Void) {
    self.init { count in if count == 1 { first() } else { second() } }
  }
}

/// Ends the process whatever its other threads do, and without cleaning up after them.
func leaveAtOnce(_ status: Int32) -> Never { _exit(status) }

/// Calls back when standard input ends: the process that started this one is gone, or wants it to stop.
func whenStandardInputEnds(_ body: @escaping @Sendable () -> Void) {
  let thread = Thread {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count == 0 || (count < 0 && errno != EINTR) { break }
    }
    body()
  }
  thread.name = "stdin"
  thread.start()
}
