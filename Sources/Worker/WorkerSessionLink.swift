internal import SweepProtocol

// Connections, hellos, heartbeats, and what the coordinator says.

extension WorkerSession {
  enum Link: Hashable, Sendable {
    /// Without a connection until then.
    case waiting(until: Moment)
    case connecting(since: Moment)
    /// A hello was last sent then; its welcome is awaited.
    case greeting(since: Moment)
    case joined
  }

  mutating func greet(at now: Moment) {
    guard case .connecting = link else { return }
    heard = now
    sendHello(at: now)
  }

  private mutating func sendHello(at now: Moment) {
    link = .greeting(since: now)
    var hello = settings.introduction
    beat += 1
    hello.beat = beat
    hello.acknowledged = acknowledged
    hello.held = heldAttempts
    send(.hello(hello))
  }

  mutating func sendHeartbeat(at now: Moment) {
    guard link == .joined else { return }
    beat += 1
    var message = WorkerHeartbeat()
    message.beat = beat
    message.held = heldAttempts
    message.wantsTrial = wantsTrial
    send(.heartbeat(message))
    nextHeartbeat = now + heartbeat
  }

  private mutating func send(_ message: WorkerMessage) {
    output.append(.send(WorkerEnvelope(worker: settings.worker, message: message)))
  }

  /// The connection is lost: another is made after a wait that doubles, cut by a random factor so that many
  /// workers do not come back at once.
  mutating func backOff(at now: Moment) {
    if case .waiting = link { return }
    var wait = settings.firstWait
    for _ in 0..<min(setbacks, 30) where wait < settings.longestWait { wait = wait * 2 }
    wait = min(wait, settings.longestWait) * jitter.next()
    setbacks += 1
    link = .waiting(until: now + wait)
  }

  private mutating func reconnect(at now: Moment) {
    output.append(.disconnect)
    backOff(at: now)
  }

  mutating func refuse(_ error: WireError, at now: Moment) {
    if case .version = error {
      exit(1, error.description)
    } else {
      log(.warning, "the coordinator sent what cannot be read: \(error)")
      if case .waiting = link { return }
      reconnect(at: now)
    }
  }

  mutating func receive(_ envelope: CoordinatorEnvelope, at now: Moment) {
    guard envelope.worker == settings.worker || envelope.worker.isEmpty else { return }
    heard = now
    contact = now
    switch envelope.message {
    case .welcome(let welcome): join(welcome, at: now)
    case .identify: if link == .joined { sendHello(at: now) }
    case .refused(_, let line): exit(1, line)
    case .assign(let assignment): accept(assignment, at: now)
    case .acknowledge(let sequence): acknowledge(sequence, at: now)
    case .revoke(let attempt, let reason):
      if jobs[attempt].map({ !$0.dropped }) ?? false {
        log(.notice, "\(attempt) is revoked: \(reason.rawValue)")
      }
      drop(attempt, at: now)
    case .drain: stop(.drained, at: now)
    }
  }

  private mutating func join(_ welcome: Welcome, at now: Moment) {
    switch link {
    case .greeting:
      link = .joined
      setbacks = 0
      heartbeat = welcome.heartbeat
      acknowledge(welcome.acknowledged, at: now)
      sent = acknowledged
      delivered = now
      sendHeartbeat(at: now)
      pump(at: now)
      settleAll(at: now)
    case .joined: acknowledge(welcome.acknowledged, at: now)
    case .waiting, .connecting: break
    }
  }

  mutating func tick(at now: Moment) {
    if let stopping, now >= stopping.deadline {
      let line = "left with \(jobs.count) attempts held and \(spool.count) messages not acknowledged"
      exit(1, "\(line): the time to stop in is over; another worker goes on from the last checkpoint")
      return
    }
    if contact.duration(to: now) >= settings.patience {
      exit(1, "no word from the coordinator for \(settings.patience.components.seconds) s")
      return
    }
    switch link {
    case .waiting(let until):
      guard now >= until else { return }
      link = .connecting(since: now)
      output.append(.connect)
    case .connecting(let since):
      if since.duration(to: now) >= settings.silence { reconnect(at: now) }
    case .greeting(let since):
      if heard.duration(to: now) >= settings.silence {
        reconnect(at: now)
      } else if since.duration(to: now) >= settings.heartbeat {
        sendHello(at: now)
      }
    case .joined:
      if heard.duration(to: now) >= settings.silence {
        reconnect(at: now)
      } else {
        if now >= nextHeartbeat { sendHeartbeat(at: now) }
        resendIfLate(at: now)
        settleAll(at: now)
      }
    }
  }

  mutating func stop(_ reason: ReleaseReason, at now: Moment) {
    guard stopping == nil else { return }
    stopping = (reason, now + settings.stopDeadline)
    log(.notice, "stopping (\(reason.rawValue))")
    for attempt in queue { giveBack(attempt, at: now) }
    queue = []
    if let attempt = occupant, let job = jobs[attempt], !job.dropped {
      switch job.stage {
      case .running: output.append(.stopAndCheckpoint(attempt))
      case .waiting, .fetching:
        occupant = nil
        giveBack(attempt, at: now)
      case .reporting, .returning, .delivered: break
      }
    }
    sendHeartbeat(at: now)
  }

  /// Nothing held, nothing unacknowledged, and asked to stop: says goodbye and ends.
  mutating func leaveIfDone() {
    guard let stopping, jobs.isEmpty, spool.isEmpty else { return }
    if link == .joined { send(.goodbye) }
    exit(0, "stopped (\(stopping.reason.rawValue))")
  }
}

/// Uniform numbers in 0.5 ..< 1 (SplitMix64).
struct JitterSource: Hashable, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    z ^= z >> 31
    return 0.5 + Double(z >> 11) / Double(1 << 54)
  }
}
