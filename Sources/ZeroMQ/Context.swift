internal import CZeroMQ

/// A libzmq context: its input/output threads and its `inproc://` names.
///
/// Sockets hold their context, so it ends after the last of them is closed; that waits at most the sockets'
/// longest `SocketOptions.linger` for messages still under way.
public final class Context: @unchecked Sendable {
  // @unchecked: libzmq contexts may be used from any thread, and the pointer never changes.
  let handle: UnsafeMutableRawPointer

  /// - Parameters:
  ///   - ioThreads: threads that move bytes; one serves about a gigabyte per second.
  ///   - sockets: at a time, monitors and their other ends counted; libzmq takes 65,535 at most.
  public init(ioThreads: Int = 1, sockets: Int = 4096) throws {
    guard let handle = zmq_ctx_new() else { throw ZeroMQError("start ZeroMQ") }
    self.handle = handle
    zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads))
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(sockets))
  }

  deinit {
    while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
  }
}
