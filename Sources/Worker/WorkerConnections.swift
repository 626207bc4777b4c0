internal import Logging
internal import SweepProtocol
internal import ZeroMQ

extension WorkerService {
  /// Messages read before other work has its turn.
  private static let batch = 64

  func open(_ channel: Channel, at endpoint: Endpoint) {
    close(channel)
    guard let context else { return }
    var socketOptions = options.socket
    // A timer of the coordinator's for each of its workers, which it keeps none of (`CoordinatorService.listen`).
    socketOptions.heartbeatTimeToLive = .zero
    socketOptions.maximumMessageBytes = Wire.longestFrame
    // Of a name's addresses libzmq tries one only, with IPv6 allowed an IPv6 one, where the coordinator may not
    // listen; so the families take turns.
    socketOptions.ipv6 = endpoint.host.contains(":") || connections[channel, default: 0] % 2 == 1
    connections[channel, default: 0] += 1
    do {
      let link = try WorkerLink(context, to: endpoint, options: socketOptions)
      links[channel] = link
      loop.watch(link.socket, for: self) { $0.receive(on: channel) }
      loop.watch(link.monitor.socket, for: self) { $0.noteChanges(of: channel) }
    } catch {
      logger.error("\(error)")
      lost(channel, nil)
    }
  }

  func close(_ channel: Channel) {
    guard let link = links.removeValue(forKey: channel) else { return }
    loop.unwatch(link.socket)
    loop.unwatch(link.monitor.socket)
    link.socket.close()
  }

  func send(_ frame: SplitFrame, by channel: Channel) {
    if channel == .checkpoints, links[channel] == nil, let checkpointPort {
      open(channel, at: Endpoint(host: options.endpoint.host, port: checkpointPort))
    }
    do {
      try links[channel]?.send(frame)
    } catch {
      logger.warning("\(error)")
      lost(channel, nil)
    }
  }

  /// Sends what could not be sent before.
  func flush() {
    for channel in Channel.allCases where links[channel]?.isFlushed == false {
      do {
        try links[channel]?.flush()
      } catch {
        logger.warning("\(error)")
        lost(channel, nil)
      }
    }
  }

  private func noteChanges(of channel: Channel) {
    do {
      while let change = try links[channel]?.nextChange() {
        switch change {
        case .ready:
          locked = nil
          if channel == .messages { handle(.connected) }
        case .lost(let failure):
          lost(channel, failure)
        }
      }
      flush()
    } catch {
      logger.warning("\(error)")
      lost(channel, nil)
    }
  }

  private func lost(_ channel: Channel, _ failure: HandshakeFailure?) {
    close(channel)
    noteHandshake(failure)
    switch channel {
    case .messages:
      if isJoined { logger.notice("the connection to the coordinator is lost; the trial goes on meanwhile") }
      isJoined = false
      handle(.disconnected)
    case .checkpoints: apply(transfers.interrupt())
    }
  }

  /// Names why the coordinator cannot be talked to, and leaves when that lasts (`WorkerOptions.lockedPatience`).
  private func noteHandshake(_ failure: HandshakeFailure?) {
    guard let failure else {
      locked = nil
      return
    }
    let line =
      "the coordinator at \(options.endpoint) cannot be talked to: "
      + failure.explanation(options.socket.security)
    logger.warning("\(line)")
    let since = locked ?? now
    locked = since
    let patience: Duration? =
      switch (failure, isStranger: checkpointPort == nil) {
      // A tunnel to a coordinator that is not there yet looks the same.
      case (.brokenOff, true): options.socket.security == nil ? nil : options.lockedPatience * 10
      case (_, true): options.lockedPatience
      case (.notAllowed, false): options.lockedPatience * 10
      case (_, false): nil
      }
    if let patience, since.duration(to: now) >= patience {
      finish(WorkerEnding(status: WorkerEnding.refused, line: line))
    }
  }

  private func receive(on channel: Channel) {
    do {
      for _ in 0..<Self.batch {
        guard let frames = try links[channel]?.socket.receive() else { break }
        guard frames.count == 1 else { continue }
        switch channel {
        case .messages: take(message: frames[0])
        case .checkpoints: take(reply: frames[0])
        }
      }
      flush()
    } catch {
      logger.warning("\(error)")
      lost(channel, nil)
    }
  }

  private func take(message bytes: [UInt8]) {
    do throws(WireError) {
      let envelope = try Wire.decodeCoordinatorEnvelope(bytes)
      switch envelope.message {
      case .welcome(let welcome): join(welcome)
      case .refused: isRefused = true
      case .identify, .assign, .acknowledge, .revoke, .drain: break
      }
      handle(.message(envelope))
    } catch {
      if case .version = error { isRefused = true }
      handle(.unreadable(error))
    }
  }

  private func join(_ welcome: Welcome) {
    if !isJoined { logger.info("joined the coordinator at \(options.endpoint)") }
    isJoined = true
    if checkpointPort != welcome.checkpointPort { close(.checkpoints) }
    checkpointPort = welcome.checkpointPort
  }

  private func take(reply bytes: [UInt8]) {
    do throws(WireError) {
      apply(transfers.handle(try Wire.decodeCheckpointReply(bytes), at: now))
    } catch {
      logger.warning("dropped a message on the checkpoint connection: \(error)")
    }
  }
}
