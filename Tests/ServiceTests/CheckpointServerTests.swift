import SweepProtocol
import Testing

@testable import Coordinator

/// Transfers without sockets and files: what is asked of a file, and what is said once it has answered.
@Suite struct CheckpointServerTests {
  private static let worker = "00000000-0000-8000-8000-000000000001"
  private static let connection = ConnectionID([1])
  private static let id = TransferID(connection: connection, transfer: 7)
  private static let attempt = AttemptID(trial: String(repeating: "a", count: 64), number: 2)
  private static let size = 3 << 20
  private static let descriptor = CheckpointDescriptor(
    position: CheckpointPosition(epoch: 1, step: 0), size: size, sha256: String(repeating: "b", count: 64))
  private static let stored = StoredCheckpoint(attempt: attempt, descriptor: descriptor)

  private var server = CheckpointServer(largest: 1 << 30)

  private mutating func ask(
    _ request: CheckpointRequest, at seconds: Int = 0
  ) -> [CheckpointServer.Effect] {
    server.handle(
      CheckpointRequestEnvelope(worker: Self.worker, transfer: 7, request: request), from: Self.connection,
      at: Moment(.seconds(seconds)))
  }

  private mutating func report(
    _ outcome: CheckpointReport.Outcome, _ file: CheckpointFileID
  ) -> [CheckpointServer.Effect] {
    server.handle(CheckpointReport(file: file, outcome: outcome), at: Moment())
  }

  private static func reply(_ reply: CheckpointReply) -> CheckpointServer.Effect {
    .reply(CheckpointReplyEnvelope(transfer: 7, reply: reply), to: connection)
  }

  private static func received() -> CheckpointServer.Effect {
    .event(.uploadReceived(attempt, descriptor, worker: worker, transfer: id))
  }

  /// Offers the checkpoint and has it accepted; the file it is written to.
  private mutating func begin() throws -> CheckpointFileID {
    _ = ask(.upload(Self.attempt, Self.descriptor))
    let effects = server.answer(Scheduler.UploadAnswer.accept, Self.id, at: Moment())
    guard case .file(.create(Self.stored), let file) = try #require(effects.first) else {
      throw Unexpected(effects: effects)
    }
    #expect(Array(effects.dropFirst()) == [Self.reply(.credit(CheckpointServer.window))])
    return file
  }

  private struct Unexpected: Error { let effects: [CheckpointServer.Effect] }

  private static func chunk(_ offset: Int) -> ArraySlice<UInt8> {
    [UInt8](repeating: UInt8(truncatingIfNeeded: offset >> 18), count: CheckpointLimits.chunk)[...]
  }

  @Test mutating func moreIsLetInOnceWhatCameIsWritten() throws {
    let file = try begin()
    for offset in stride(from: 0, to: CheckpointServer.window, by: CheckpointLimits.chunk) {
      let effects = ask(.chunk(offset: offset, bytes: Self.chunk(offset)))
      #expect(effects == [.file(.append(Self.chunk(offset)), file)])
    }
    // Nothing of it is on the disk yet.
    #expect(
      ask(.chunk(offset: CheckpointServer.window, bytes: [1])).last
        == Self.reply(
          .refused(
            .disordered,
            "bytes \(CheckpointServer.window)..<\(CheckpointServer.window + 1) are not next, "
              + "or beyond the credit of \(CheckpointServer.window)")))
    let second = try begin()
    #expect(second != file)
    let half = CheckpointServer.window / 2
    #expect(report(.written(half), file) == [])
    #expect(report(.written(half - 1), second) == [])
    #expect(report(.written(half), second) == [Self.reply(.credit(half + CheckpointServer.window))])
  }

  private mutating func upload() throws -> CheckpointFileID {
    let file = try begin()
    for offset in stride(from: 0, to: Self.size, by: CheckpointLimits.chunk) {
      let effects = ask(.chunk(offset: offset, bytes: Self.chunk(offset)))
      let isLast = offset + CheckpointLimits.chunk == Self.size
      #expect(
        effects == [.file(.append(Self.chunk(offset)), file)] + (isLast ? [.file(.publish, file)] : []))
      _ = report(.written(offset + CheckpointLimits.chunk), file)
    }
    return file
  }

  @Test mutating func nothingIsSaidBeforeTheFileIsPublished() throws {
    let file = try upload()
    #expect(report(.published, file) == [Self.received()])
    #expect(server.answer(Scheduler.UploadAnswer.stored, Self.id, at: Moment()) == [Self.reply(.stored)])
    #expect(server.count == 0)
    #expect(report(.published, file) == [])
  }

  /// What is durable counts, whoever has gone meanwhile.
  @Test mutating func aWholeUploadGoesOnWithoutItsConnection() throws {
    let file = try upload()
    #expect(server.forget(Self.connection) == [])
    #expect(server.expire(at: Moment(.seconds(1000))) == [])
    #expect(ask(.cancel) == [])
    #expect(report(.published, file) == [Self.received()])
  }

  @Test mutating func anUploadInTheMiddleIsGivenUpWithItsConnection() throws {
    let file = try begin()
    #expect(server.forget(Self.connection) == [.file(.close, file)])
    #expect(report(.written(5), file) == [])
    let second = try begin()
    #expect(server.expire(at: Moment(.seconds(1000))) == [.file(.close, second)])
    #expect(server.count == 0)
  }

  @Test mutating func filesThatFailAreSaidSo() throws {
    let full = CheckpointDirectory.Failure("No space left on device")
    var file = try begin()
    #expect(
      report(.failed(full), file) == [
        Self.reply(
          .refused(.storage, "the coordinator cannot write the checkpoint: No space left on device"))
      ])
    #expect(ask(.chunk(offset: 0, bytes: [1])).count == 1)
    file = try upload()
    let other = String(repeating: "c", count: 64)
    #expect(
      report(.mismatched(other), file) == [
        Self.reply(
          .refused(.corrupt, "the bytes received have SHA-256 cccccccccccc, not the bbbbbbbbbbbb announced"))
      ])
    #expect(server.count == 0)
  }

  @Test mutating func aDownloadIsReadNoFurtherThanItsCredit() throws {
    let window = CheckpointServer.window
    _ = ask(.download(Self.attempt, Self.descriptor, credit: window / 2))
    let effects = server.answer(Scheduler.DownloadAnswer.accept(Self.stored), Self.id, at: Moment())
    guard case .file(.open(Self.stored), let file) = try #require(effects.first) else {
      throw Unexpected(effects: effects)
    }
    #expect(Array(effects.dropFirst()) == [.file(.read(upTo: window / 2), file)])
    #expect(ask(.credit(10 * window)) == [.file(.read(upTo: window), file)])
    #expect(
      report(.read(offset: 0, bytes: [1, 2]), file) == [Self.reply(.chunk(offset: 0, bytes: [1, 2]))])
    #expect(ask(.credit(10 * window)) == [.file(.read(upTo: window + 2), file)])
    let damage = CheckpointDirectory.Failure("it was eaten", isDamage: true)
    #expect(
      report(.failed(damage), file) == [
        Self.reply(.refused(.corrupt, "the coordinator's copy of the checkpoint is damaged: it was eaten")),
        .event(.checkpointDamaged(Self.stored, of: Self.attempt, "it was eaten")),
      ])
    #expect(server.count == 0)
  }
}
