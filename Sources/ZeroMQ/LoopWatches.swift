internal import CZeroMQ
internal import Glibc

/// A socket that a loop waits for.
final class LoopWatch {
  let socket: Socket
  let handler: () -> Void
  private unowned let watches: LoopWatches
  fileprivate let descriptor: Int32
  /// It is among those to be looked at before the next wait.
  fileprivate var isTouched = false
  /// Its handler is about to be called.
  fileprivate var isReady = false
  fileprivate var isWatched = true

  fileprivate init(_ socket: Socket, _ watches: LoopWatches, handler: @escaping () -> Void) {
    self.socket = socket
    self.watches = watches
    self.handler = handler
    descriptor = socket.descriptor
  }

  /// The socket is used: its descriptor may not tell any more of messages that wait.
  func touch() {
    guard !isTouched, isWatched else { return }
    isTouched = true
    watches.touched.append(self)
  }
}

/// The sockets a loop waits for, in time that does not grow with their number: the descriptors of all are in one
/// epoll set. A descriptor tells of news, not of messages (`Socket.descriptor`), so sockets used since the last wait
/// are asked themselves.
final class LoopWatches {
  private let epoll: Int32
  private let wakeup: Int32
  private var watches: [Int32: LoopWatch] = [:]
  fileprivate var touched: [LoopWatch] = []
  private static let most = 256
  private var events = [epoll_event](repeating: epoll_event(), count: most)

  /// - Parameter wakeup: an eventfd that ends a wait.
  init(wakeup: Int32) {
    self.wakeup = wakeup
    epoll = epoll_create1(O_CLOEXEC)
    precondition(epoll >= 0, "out of file descriptors")
    control(EPOLL_CTL_ADD, wakeup)
  }

  deinit { close(epoll) }

  func add(_ socket: Socket, handler: @escaping () -> Void) {
    let watch = LoopWatch(socket, self, handler: handler)
    precondition(watches.updateValue(watch, forKey: watch.descriptor) == nil, "a socket is watched once")
    control(EPOLL_CTL_ADD, watch.descriptor)
    socket.watch = watch
    watch.touch()
  }

  func remove(_ socket: Socket) {
    guard let watch = socket.watch else { return }
    forget(watch)
    watches[watch.descriptor] = nil
  }

  func removeAll() {
    for watch in watches.values { forget(watch) }
    watches = [:]
    touched = []
  }

  private func forget(_ watch: LoopWatch) {
    control(EPOLL_CTL_DEL, watch.descriptor)
    watch.socket.watch = nil
    watch.isWatched = false
  }

  private func control(_ operation: Int32, _ descriptor: Int32) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.fd = descriptor
    precondition(epoll_ctl(epoll, operation, descriptor, &event) == 0, "epoll takes every open descriptor")
  }

  /// Waits until a message or a wakeup comes, -1: for as long as that takes, and calls the handlers of sockets with
  /// messages, each once.
  func wait(milliseconds: Int32) {
    var ready: [LoopWatch] = []
    look(&ready)
    let count = epoll_wait(epoll, &events, Int32(Self.most), ready.isEmpty ? milliseconds : 0)
    for event in events[..<Int(max(0, count))] {
      if event.data.fd == wakeup {
        var value: UInt64 = 0
        _ = read(wakeup, &value, 8)
      } else if let watch = watches[event.data.fd] {
        watch.touch()
      }
    }
    if count > 0 { look(&ready) }
    for watch in ready {
      watch.isReady = false
      // An earlier handler may have removed it.
      guard watch.isWatched else { continue }
      watch.touch()
      watch.handler()
    }
  }

  /// Asks the sockets touched, and adds those with messages to `ready`.
  private func look(_ ready: inout [LoopWatch]) {
    let asked = touched
    touched = []
    for watch in asked {
      watch.isTouched = false
      guard watch.isWatched, !watch.isReady, watch.socket.hasMessage else { continue }
      watch.isReady = true
      ready.append(watch)
    }
  }
}
