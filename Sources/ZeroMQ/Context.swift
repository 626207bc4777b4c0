internal import CZeroMQ

/// A libzmq context: its input/output threads and its `inproc://` names.
///
/// Sockets hold their context, so it ends after the last of them is closed; that waits at most the sockets'
/// longest `SocketOptions.linger` for messages still under way.
public final class Context: @unchecked Sendable {
  // @unchecked: libzmq contexts may be used from any thread, and the pointer never changes.
  let handle: UnsafeMutableRawPointer

  /// - Parameter ioThreads: threads that move bytes; one serves about a gigabyte per second.
  public init(ioThreads: Int = 1) throws {
    guard let handle = zmq_ctx_new() else { throw ZeroMQError("start ZeroMQ") }
    self.handle = handle
    zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads))
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 4096)
  }

  deinit {
    while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
  }
}
