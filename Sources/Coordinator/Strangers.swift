internal import SweepProtocol
internal import ZeroMQ

/// Connections that are not let in yet, of a coordinator with keys. No sockets here.
///
/// libzmq takes from a peer without a key frames as long as from any other, and keeps them until the handshake's time is
/// over. So whoever sends more than a key takes is cut off, and so are the first of too many.
struct Strangers {
  /// Connections at most: those that come at once where all workers of a large sweep come back.
  static let most = 4096
  /// How often they are looked at: each can have sent what the network brings in that time.
  static let interval = Duration.milliseconds(100)

  /// By file descriptor, numbered in the order they came.
  private var numbers: [Int32: Int] = [:]
  private var accepted = 0
  /// The next review is on its way.
  var isDue = false

  var isEmpty: Bool { numbers.isEmpty }

  mutating func come(_ descriptor: Int32) {
    accepted += 1
    numbers[descriptor] = accepted
  }

  mutating func leave(_ descriptor: Int32) { numbers[descriptor] = nil }

  struct Outcast: Hashable {
    var descriptor: Int32
    /// In a few words.
    var reason: String
  }

  /// Forgets those that are let in; those to be cut off.
  ///
  /// - Parameter traffic: of a connection; nil where it is none any more.
  mutating func review(_ traffic: (Int32) -> ConnectionTraffic?) -> [Outcast] {
    var outcasts: [Outcast] = []
    for descriptor in numbers.keys {
      guard let traffic = traffic(descriptor), !traffic.isLetIn else {
        numbers[descriptor] = nil
        continue
      }
      guard traffic.isAbuse else { continue }
      numbers[descriptor] = nil
      outcasts.append(
        Outcast(descriptor: descriptor, reason: "it sent \(traffic.received) bytes before its key"))
    }
    let excess = numbers.sorted { $0.value < $1.value }.prefix(max(0, numbers.count - Self.most))
    for (descriptor, _) in excess {
      numbers[descriptor] = nil
      outcasts.append(Outcast(descriptor: descriptor, reason: "\(Self.most) others are not let in either"))
    }
    return outcasts
  }
}

extension CoordinatorService {
  func note(_ event: ConnectionEvent) {
    guard options.keys != nil, let descriptor = event.descriptor else { return }
    if event.kind == .accepted {
      strangers.come(descriptor)
      scheduleReview()
    } else {
      strangers.leave(descriptor)
    }
  }

  private func scheduleReview() {
    guard !strangers.isDue, !strangers.isEmpty else { return }
    strangers.isDue = true
    loop.schedule(after: Strangers.interval, for: self) { $0.reviewStrangers() }
  }

  private func reviewStrangers() {
    strangers.isDue = false
    for outcast in strangers.review(ConnectionTraffic.init(descriptor:)) {
      noteRefusal("stranger", "cut off a connection: \(outcast.reason)")
      for socket in [messages, checkpoints] { socket?.cutOff(descriptor: outcast.descriptor) }
    }
    scheduleReview()
  }
}
