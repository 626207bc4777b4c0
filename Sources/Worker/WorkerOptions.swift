internal import Foundation
public import Logging
public import SweepProtocol
public import ZeroMQ

/// How one worker process takes part.
public struct WorkerOptions: Sendable {
  /// The coordinator's message socket.
  public var endpoint: Endpoint
  /// Constants of the protocol's worker side, among them what the worker says of itself.
  public var settings: WorkerSettings
  public var runner: any TrialRunning
  /// Gives up when no coordinator has answered for so long after the start; nil: goes on trying, as long as
  /// `settings.patience`.
  public var connectTimeout: Duration?
  /// Leaves when the coordinator has not let it in for so long, for want of the right keys; after ten times as long
  /// where the coordinator only breaks off. Once it has been let in, it leaves when its key has not been allowed for ten
  /// times as long, and for other reasons not before `settings.patience`: whoever started the coordinator wrongly has
  /// time to notice.
  public var lockedPatience = Duration.seconds(60)
  public var socket = SocketOptions()
  public var logger: Logger
  /// The machine's wall clock, milliseconds since 1970.
  public var clock: @Sendable () -> UInt64 = { UInt64(max(0, Date().timeIntervalSince1970 * 1000)) }

  /// - Parameters:
  ///   - endpoint: `tcp://HOST:PORT`, the port not 0.
  ///   - introduction: data sets, instruction set and threads; program, name, host and pid are filled in where
  ///     they are empty.
  /// - Throws: `EndpointError`.
  public init(
    endpoint: String, introduction: WorkerHello, runner: any TrialRunning, logger: Logger
  ) throws(EndpointError) {
    self.endpoint = try Endpoint(connecting: endpoint)
    self.runner = runner
    self.logger = logger
    var introduction = introduction
    if introduction.program.isEmpty { introduction.program = ProgramVersion.current }
    if introduction.host.isEmpty { introduction.host = ProcessInfo.processInfo.hostName }
    if introduction.pid == 0 { introduction.pid = Int(getpid()) }
    if introduction.name.isEmpty { introduction.name = "\(introduction.host)-\(introduction.pid)" }
    settings = WorkerSettings(
      worker: WorkerIdentity.fresh(), introduction: introduction, jitterSeed: .random(in: 0 ... .max))
    // So that a worker asked to stop is gone within ten seconds.
    settings.stopDeadline = .seconds(9)
  }

  /// Encrypts its connections, knows the coordinator by the public key `coordinator`, and is known by `keys`.
  public mutating func use(_ keys: CurveKeyPair, coordinator: CurvePublicKey) {
    socket.security = .client(keys, server: coordinator)
    settings.worker = WorkerIdentity.fresh(boundTo: keys.publicKey.bytes)
  }

  /// A name for people.
  public var name: String {
    get { settings.introduction.name }
    set { settings.introduction.name = newValue }
  }

  /// Without a word from the coordinator for this long, the worker leaves.
  public var patience: Duration {
    get { settings.patience }
    set { settings.patience = newValue }
  }
}

/// How a worker ended: the process's exit status, and a line for people.
public struct WorkerEnding: Hashable, Sendable {
  /// The coordinator will not have the worker (version, data, key, clock): starting it again is of no use.
  public static let refused: Int32 = 3

  public var status: Int32
  public var line: String
}
