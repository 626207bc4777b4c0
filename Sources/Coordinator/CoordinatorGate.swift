internal import Foundation
internal import Logging
internal import SweepProtocol
internal import ZeroMQ

extension CoordinatorService {
  /// How often the list of workers is looked at.
  private static let listInterval = Duration.seconds(1)

  /// Reads the list of workers, and begins to answer for whom it names. Before any socket is bound.
  func openGate(_ keys: CoordinatorKeys, _ context: Context) throws {
    let file = WorkerKeyFile(keys.workers)
    listStamp = file.stamp()
    _ = gate.replace(try file.read(), at: now)
    nextListCheck = now + Self.listInterval
    let authenticator = try Authenticator(context)
    self.authenticator = authenticator
    loop.watch(authenticator.socket, for: self) { $0.authenticate() }
    logger.info(
      "\(gate.allowed) workers of \(keys.workers) are allowed; this coordinator's key is \(keys.own.publicKey)"
    )
  }

  private func authenticate() {
    do {
      try authenticator?.answer { key, address in
        let isAllowed = gate.admits(key)
        if !isAllowed {
          noteRefusal("\(key)", "refused a connection from \(address): its key \(key) is not allowed")
        }
        return isAllowed
      }
    } catch {
      finish(error)
    }
  }

  /// Takes up a changed list; one that cannot be read leaves the old one in force.
  func reviewList() {
    guard let keys = options.keys, now >= nextListCheck else { return }
    nextListCheck = now + Self.listInterval
    let file = WorkerKeyFile(keys.workers)
    let stamp = file.stamp()
    guard stamp != listStamp else { return }
    listStamp = stamp
    do {
      let revoked = gate.replace(try file.read(), at: now)
      logger.notice(
        "\(keys.workers) has changed: \(gate.allowed) workers are allowed, \(revoked.count) revoked")
      process(revoked.map { .revoked(prefix: $0.prefix, $0.line) })
    } catch {
      logger.error("\(error); the workers allowed before stay allowed")
    }
  }

  /// Watches a socket's connections. Under keys `authenticate` knows more of those a list is the cause of.
  func watchConnections(of socket: Socket) throws {
    let monitor = try socket.monitor(.listening)
    monitors.append(monitor)
    loop.watch(monitor.socket, for: self) { $0.turn() }
  }

  /// Takes note of connections made, closed, and refused.
  func noteConnections() { inbox.events += lostConnections() }

  /// Reads what the monitors tell: the connections that have ended.
  func lostConnections() -> [Scheduler.Event] {
    var lost: [Scheduler.Event] = []
    for monitor in monitors {
      while let event = try? monitor.next() {
        note(event)
        switch event.kind {
        case .handshakeFailed(.notAllowed): break
        case .handshakeFailed(let failure):
          noteRefusal("\(failure)", "refused a connection: \(failure.refusal(options.socket.security))")
        case .accepted, .disconnected:
          guard let descriptor = event.descriptor else { break }
          if event.kind == .accepted {
            closedDescriptors.remove(descriptor)
          } else {
            closedDescriptors.insert(descriptor)
          }
          if let gone = connectionOfDescriptor.removeValue(forKey: descriptor) {
            lost.append(.connectionLost(gone))
            closed[gone] = now
          }
        default: break
        }
      }
    }
    return lost
  }

  /// Learns what connection a descriptor is of, before what came by it is acted on.
  ///
  /// - Returns: connections that have ended, as far as is known now.
  func noteSource(_ connection: ConnectionID, _ descriptor: Int32) -> [Scheduler.Event] {
    guard descriptor >= 0, closed[connection] == nil, connectionOfDescriptor[descriptor] != connection
    else { return [] }
    // The connection may be younger than what the monitors told last: read later, the news that it was made would be
    // taken for the end of the one that had its descriptor before. The news comes before the connection's messages,
    // because one thread of libzmq's sees to both.
    let lost = lostConnections()
    if closedDescriptors.contains(descriptor) {
      closed[connection] = now
    } else {
      connectionOfDescriptor[descriptor] = connection
    }
    return lost
  }

  /// Refuses by name what the gate does not let pass.
  func refuse(_ refusal: Gate.Refusal, _ connection: ConnectionID) {
    noteRefusal("\(refusal.reason) \(refusal.line.prefix(200))", "refused a message: \(refusal.line)")
    let envelope = CoordinatorEnvelope(
      coordinator: coordinatorID, worker: "", message: .refused(refusal.reason, refusal.line))
    _ = deliver(Wire.encode(envelope), to: connection, by: messages)
  }

  /// Logs a refusal, one of a kind not more than once in ten seconds, for whoever is refused tries again; and of a
  /// hundred kinds at most, for strangers choose their keys.
  func noteRefusal(_ kind: String, _ line: String) {
    let now = now
    refusals = refusals.filter { $0.value.duration(to: now) < .seconds(10) }
    guard refusals[kind] == nil, refusals.count < 100 else { return }
    refusals[kind] = now
    logger.warning("\(line)")
  }

  /// This machine's clock, milliseconds since 1970.
  var clock: UInt64 { UInt64(max(0, Date().timeIntervalSince1970 * 1000)) }
}
