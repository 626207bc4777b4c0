import LayerAnalysis
import Sweeps
import SweepProtocol

/// One message of every kind, every field away from its default.
enum Samples {
  static let trial = String(repeating: "0a", count: 32)
  static let digest = String(repeating: "f3", count: 32)
  static let worker = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
  static let attempt = AttemptID(trial: trial, number: 3)
  static let position = CheckpointPosition(epoch: 7, step: 12)
  static let checkpoint = CheckpointDescriptor(position: position, size: 123_456, sha256: digest)

  static var progress: TrialProgress {
    var progress = TrialProgress()
    progress.phase = .measuring
    progress.epoch = 7
    progress.step = 12
    progress.stepsPerEpoch = 391
    progress.epochs = 200
    progress.loss = 1.25
    progress.accuracy = 0.5
    progress.imagesPerSecond = 321.5
    progress.secondsLeft = 88
    progress.work = 1 << 60
    progress.checkpoint = position
    return progress
  }

  static var snapshot: Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = 5
    snapshot.learningRate = 0.1
    snapshot.trainLoss = .nan
    snapshot.trainAccuracy = -0.0
    snapshot.testLoss = Double(bitPattern: 0x7ff8_dead_beef_0001)
    snapshot.testAccuracy = .infinity
    var draw = DrawMetrics()
    draw.draw = 2
    draw.quantizedAccuracy = 0.1
    draw.qmse = 5e-324
    draw.qce = -.infinity
    draw.qkl = -0.0
    draw.logitMSE = .greatestFiniteMagnitude
    draw.changedPredictions = 1 / 3
    snapshot.draws = [draw, DrawMetrics()]
    snapshot.layers = TensorKind.allCases.map(layer)
    var error = LayerError()
    error.draw = 1
    error.index = 4
    error.layer = "block2.conv"
    error.mse = 1e-300
    error.sqnr = .nan
    error.weightsAloneQMSE = 0
    error.activationsAloneQMSE = 2
    snapshot.errors = [error, LayerError()]
    snapshot.trainSeconds = 60.5
    snapshot.snapshotSeconds = 3.25
    return snapshot
  }

  static func layer(_ kind: TensorKind) -> LayerStatistics {
    var layer = LayerStatistics()
    layer.draw = 1
    layer.index = 4
    layer.layer = "block2.conv"
    layer.kind = kind
    layer.statistics.count = 1 << 40
    layer.statistics.minimum = -0.0
    layer.statistics.maximum = Float(bitPattern: 0x7fc0_1234)
    layer.statistics.mean = 0.1
    layer.statistics.standardDeviation = 0.2
    layer.statistics.lower = -.infinity
    layer.statistics.upper = .leastNonzeroMagnitude
    layer.statistics.averagePrecision = kind == .gradients ? nil : 0.3
    layer.statistics.sparsity = 0.4
    layer.statistics.kurtosis = kind == .weights ? nil : -1.2
    layer.statistics.channelKurtosis = 0
    layer.statistics.klFromUniform = 1.5
    layer.statistics.sqnr = 44
    layer.statistics.histogram = [0, 1, .max]
    layer.statistics.channelLower = [-1, -0.0, .nan]
    layer.statistics.channelUpper = [1, 2, .infinity]
    return layer
  }

  static var hello: WorkerHello {
    var hello = WorkerHello()
    hello.program = "0.1.0"
    hello.name = "wörker"
    hello.host = "node7"
    hello.pid = 4711
    hello.instructionSet = "AVX512_CORE_VNNI"
    hello.threads = 2
    hello.datasets = ["cifar10": digest, "synthetic": trial]
    hello.beat = 9
    hello.acknowledged = 17
    hello.held = [HeldAttempt(attempt, progress: progress)]
    hello.clock = 1_700_000_000_123
    return hello
  }

  static var heartbeat: WorkerHeartbeat {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = 1 << 62 - 1
    heartbeat.held = [HeldAttempt(attempt, progress: progress)]
    heartbeat.wantsTrial = true
    return heartbeat
  }

  static func report(_ ending: AttemptReport.Ending) -> AttemptReport {
    var report = AttemptReport(attempt, ending)
    report.seconds = 1234.5
    report.detail = "Failure: no space left\n  while training, epoch 3"
    report.algorithms = [LayerAlgorithm(index: 1, layer: "conv1", algorithm: "winograd:jit_avx512_core")]
    return report
  }

  static var workerMessages: [WorkerMessage] {
    [.hello(hello), .heartbeat(heartbeat), .snapshot(attempt, snapshot), .goodbye]
      + TrialOutcome.allCases.map { .finished(report(.result($0, weightsSHA256: digest))) }
      + [.finished(report(.failure("no space left on device")))]
      + ReleaseReason.allCases.map { .released(attempt, $0) }
  }

  static func envelope(_ message: WorkerMessage) -> WorkerEnvelope {
    WorkerEnvelope(worker: worker, sequence: message.isDelivery ? 42 : 0, message: message)
  }

  static var coordinatorMessages: [CoordinatorMessage] {
    let welcome = Welcome(
      lease: .seconds(30), heartbeat: .milliseconds(2500), checkpointPort: 5556, acknowledged: 3)
    let assignment = Assignment(attempt: attempt, label: "DWS", configuration: "{}", checkpoint: checkpoint)
    let fresh = Assignment(attempt: attempt, label: "DWS", configuration: "{\"seed\":1}")
    return [.welcome(welcome), .identify, .assign(assignment), .assign(fresh), .acknowledge(.max), .drain]
      + RefusalReason.allCases.map { .refused($0, "another version") }
      + RevokeReason.allCases.map { .revoke(attempt, $0) }
  }

  static var requests: [CheckpointRequest] {
    [
      .upload(attempt, checkpoint), .chunk(offset: 512, bytes: [1, 2, 3]), .credit(1 << 20), .cancel,
      .download(attempt, checkpoint, credit: 4096),
    ]
  }

  static var replies: [CheckpointReply] {
    [.credit(0), .stored, .done, .chunk(offset: 0, bytes: [])]
      + CheckpointRefusal.allCases.map { .refused($0, "why") }
  }

  static var status: ClusterStatus {
    var status = ClusterStatus()
    status.sweep = "quickstart"
    status.counts.pending = 1
    status.counts.running = 2
    status.counts.completed = 3
    status.counts.diverged = 4
    status.counts.vanished = 5
    status.counts.stopped = 7
    status.counts.failed = 6
    status.counts.quarantined = 7
    status.counts.cancelled = 8
    status.paused = true
    status.quarantinedHosts = [QuarantinedHost(host: "node7", reason: "3 trials failed there")]
    status.givenUp = [
      GivenUpTrial(
        trial: trial, label: "DWS", isQuarantined: true, line: "out of memory", detail: "out of\nmemory")
    ]
    status.elapsed = 12.5
    status.imagesPerSecond = 640
    status.secondsLeft = 99
    var worker = WorkerStatus()
    worker.id = Self.worker
    worker.name = "w1"
    worker.host = "node7"
    worker.pid = 4711
    worker.instructionSet = "AVX2"
    worker.threads = 4
    worker.silence = 0.5
    worker.connected = true
    worker.attempt = attempt
    worker.results = 8
    status.workers = [worker]
    status.running = [RunningTrial(attempt: attempt, label: "DWS", worker: "w1", progress: progress)]
    status.stopping = true
    return status
  }

  static var clientRequests: [ClientRequest] {
    let sweep = SubmittedSweep(
      program: "0.1.0", submission: worker, name: "grown", description: "a sweep", source: "name: grown\n",
      trials: 2)
    let part = SubmittedTrials(
      submission: worker, offset: 1,
      trials: [SubmittedTrial(id: trial, label: "DWS", configuration: "{\"seed\":1}")])
    return [
      .status, .shutdown, .pause, .resume, .drain("w1"), .cancel(["DWS", "0a0a"]), .retry(.all),
      .retry(.trials(["DWS"])), .retry(.host("node7")), .submit(.sweep(sweep)), .submit(.trials(part)),
      .submit(.end(submission: worker)),
    ]
  }

  static var clientReplies: [ClientReply] {
    [
      .status(status), .shuttingDown, .refused("no"), .done("put 1 trial back"),
      .received(SubmitReceipt(received: 3, added: 2, over: 1)),
    ]
  }

  /// A frame of every message above.
  static var frames: [[UInt8]] {
    workerMessages.map { Wire.encode(envelope($0)) }
      + coordinatorMessages.map {
        Wire.encode(CoordinatorEnvelope(coordinator: worker, worker: worker, message: $0))
      }
      + requests.map {
        Wire.encode(CheckpointRequestEnvelope(worker: worker, transfer: 5, request: $0))
      }
      + replies.map { Wire.encode(CheckpointReplyEnvelope(transfer: 5, reply: $0)) }
      + clientRequests.map { Wire.encode($0) } + clientReplies.map { Wire.encode($0) }
  }
}

/// Every number of a snapshot as its bits, so that NaN equals itself and −0 differs from 0.
func bits(_ snapshot: Snapshot) -> [String] {
  func text(_ x: Double?) -> String { x.map { String($0.bitPattern, radix: 16) } ?? "nil" }
  func text(_ x: Float) -> String { String(x.bitPattern, radix: 16) }
  let s = snapshot
  var all = [
    "\(s.epoch)", text(s.learningRate), text(s.trainLoss), text(s.trainAccuracy), text(s.testLoss),
    text(s.testAccuracy), text(s.trainSeconds), text(s.snapshotSeconds),
  ]
  for d in s.draws {
    all += [
      "\(d.draw)", text(d.quantizedAccuracy), text(d.qmse), text(d.qce), text(d.qkl), text(d.logitMSE),
      text(d.changedPredictions),
    ]
  }
  for l in s.layers {
    let t = l.statistics
    all += ["\(l.draw)", "\(l.index)", l.layer, l.kind.rawValue, "\(t.count)", text(t.minimum)]
    all += [text(t.maximum), text(t.mean), text(t.standardDeviation), text(t.lower), text(t.upper)]
    all += [text(t.averagePrecision), text(t.sparsity), text(t.kurtosis), text(t.channelKurtosis)]
    all += [text(t.klFromUniform), text(t.sqnr), "\(t.histogram)"]
    all += t.channelLower.map(text) + t.channelUpper.map(text)
  }
  for e in s.errors {
    all += ["\(e.draw)", "\(e.index)", e.layer, text(e.mse), text(e.sqnr), text(e.weightsAloneQMSE)]
    all += [text(e.activationsAloneQMSE)]
  }
  return all
}
