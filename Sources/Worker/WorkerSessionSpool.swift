internal import SweepProtocol

// Deliveries: numbered, kept until acknowledged, sent again when late.

extension WorkerSession {
  /// Queues a delivery; its sequence number.
  @discardableResult
  mutating func deliver(_ message: WorkerMessage, at now: Moment) -> UInt64 {
    let sequence = acknowledged + UInt64(spool.count) + 1
    spool.append(WorkerEnvelope(worker: settings.worker, sequence: sequence, message: message))
    pump(at: now)
    return sequence
  }

  /// Sends what the window has room for.
  mutating func pump(at now: Moment) {
    guard link == .joined else { return }
    let last = acknowledged + UInt64(min(spool.count, settings.window))
    if sent == acknowledged, sent < last { delivered = now }
    while sent < last {
      output.append(.send(spool[Int(sent - acknowledged)]))
      sent += 1
    }
  }

  mutating func resendIfLate(at now: Moment) {
    guard sent > acknowledged, delivered.duration(to: now) >= settings.resend else { return }
    sent = acknowledged
    pump(at: now)
  }

  mutating func acknowledge(_ sequence: UInt64, at now: Moment) {
    guard sequence > acknowledged else { return }
    let count = min(Int(clamping: sequence - acknowledged), spool.count)
    spool.removeFirst(count)
    acknowledged += UInt64(count)
    sent = max(sent, acknowledged)
    delivered = now
    pump(at: now)
    settleAll(at: now)
  }
}
