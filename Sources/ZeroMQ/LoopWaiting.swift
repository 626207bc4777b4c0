internal import Dispatch
internal import Synchronization

extension SocketLoop {
  /// Blocks the calling thread until `body`, run on the loop's thread, calls what it is given, and returns that
  /// value. For callers outside of concurrency, never on the loop's own thread.
  public func wait<Value: Sendable>(
    for body: @escaping @Sendable (@escaping @Sendable (Value) -> Void) -> Void
  ) -> Value {
    precondition(!isCurrent, "a loop cannot wait for itself")
    let answer = Answer<Value>()
    post { body { answer.set($0) } }
    return answer.get()
  }

  private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func set(_ new: Value) {
      value.withLock { $0 = new }
      isThere.signal()
    }

    func get() -> Value {
      isThere.wait()
      return value.withLock { $0! }
    }
  }
}
