import LayerAnalysis
import Networks
import Sweeps
import Testing

@testable import SweepProtocol

/// Messages that are well formed and say what no honest peer does.
@Suite struct HostileFieldTests {
  private func refusal(
    _ bytes: [UInt8], by decode: ([UInt8]) throws(WireError) -> InboundMessage = Wire.decodeInbound
  ) -> String? {
    do throws(WireError) {
      _ = try decode(bytes)
      return nil
    } catch {
      guard case .field(let name, _) = error else { return "\(error)" }
      return name
    }
  }

  private func refusal(_ message: WorkerMessage, sequence: UInt64? = nil) -> String? {
    var envelope = Samples.envelope(message)
    if let sequence { envelope.sequence = sequence }
    let bytes = Wire.encode(envelope)
    let refused = refusal(bytes)
    #expect(refusal(bytes, by: Wire.decodeGenerated) == refused)
    return refused
  }

  /// The bytes with those of one number, which they hold once, replaced by another's.
  private func bytes(_ message: WorkerMessage, _ number: Double, becoming other: Double) throws -> [UInt8] {
    var bytes = Wire.encode(Samples.envelope(message))
    let old = withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
    let places = (0...bytes.count - 8).filter { Array(bytes[$0..<$0 + 8]) == old }
    try #require(places.count == 1)
    bytes.replaceSubrange(
      places[0]..<places[0] + 8, with: withUnsafeBytes(of: other.bitPattern.littleEndian) { Array($0) })
    return bytes
  }

  /// A store has one place for each, and the transaction of all that came with it would fail.
  @Test func aRowToldTwiceIsRefused() {
    var snapshot = Samples.snapshot
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == nil)
    snapshot.draws.append(snapshot.draws[0])
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == "snapshot.draws")
    snapshot = Samples.snapshot
    snapshot.layers.insert(snapshot.layers[2], at: 0)
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == "snapshot.layers")
    snapshot = Samples.snapshot
    snapshot.errors.append(snapshot.errors[0])
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == "snapshot.errors")
  }

  @Test func rowsMayComeInAnyOrder() {
    var snapshot = Samples.snapshot
    for index in 1..<40 {
      for var layer in Samples.snapshot.layers {
        layer.draw = index % 7
        layer.index = 100 + index / 7
        snapshot.layers.append(layer)
      }
    }
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == nil)
    snapshot.layers.reverse()
    #expect(refusal(.snapshot(Samples.attempt, snapshot)) == nil)
  }

  @Test func countersHaveSuccessors() {
    let last: UInt64 = 1 << 62 - 1
    for (counter, isRefused) in [(last, false), (last + 1, true), (.max, true)] {
      var hello = Samples.hello
      hello.acknowledged = counter
      #expect(refusal(.hello(hello)) == (isRefused ? "hello.acknowledged" : nil))
      hello = Samples.hello
      hello.beat = counter
      #expect(refusal(.hello(hello)) == (isRefused ? "hello.beat" : nil))
      var heartbeat = Samples.heartbeat
      heartbeat.beat = counter
      #expect(refusal(.heartbeat(heartbeat)) == (isRefused ? "heartbeat.beat" : nil))
      heartbeat.held = []
      #expect(refusal(.heartbeat(heartbeat)) == (isRefused ? "heartbeat.beat" : nil))
      let deliveries: [WorkerMessage] = [
        .snapshot(Samples.attempt, Samples.snapshot), .released(Samples.attempt, .stopping),
        .finished(Samples.report(.result(.completed, weightsSHA256: Samples.digest))),
      ]
      for message in deliveries {
        #expect(refusal(message, sequence: counter) == (isRefused ? "sequence" : nil))
      }
    }
  }

  @Test(arguments: [Double.nan, .infinity, -1, 1e13, 1e300])
  func speedsAndTimesAreNumbersThatCanBeShown(number: Double) throws {
    let heartbeat = WorkerMessage.heartbeat(Samples.heartbeat)
    #expect(refusal(try bytes(heartbeat, 321.5, becoming: number)) == "progress.images_per_second")
    #expect(refusal(try bytes(heartbeat, 88, becoming: number)) == "progress.seconds_left")
  }

  /// A clock set back, or a step that took no time, is no reason to refuse an honest worker.
  @Test(arguments: [(Double.nan, 0.0), (.infinity, 1e12), (-1, 0), (7, 7)])
  func whatAWorkerTellsIsHeldWithinBounds(number: Double, told: Double) throws {
    var heartbeat = Samples.heartbeat
    heartbeat.held[0].progress.imagesPerSecond = number
    heartbeat.held[0].progress.secondsLeft = number
    guard
      case .worker(let back) = try Wire.decodeInbound(Wire.encode(Samples.envelope(.heartbeat(heartbeat)))),
      case .heartbeat(let heard) = back.message
    else {
      Issue.record("no heartbeat")
      return
    }
    #expect(heard.held[0].progress.imagesPerSecond == told)
    #expect(heard.held[0].progress.secondsLeft == told)
  }

  // MARK: - Length

  /// The longest snapshot of a configuration: every number there and as long as can be.
  private func longest(_ network: Network, draws: Int) -> Snapshot {
    var snapshot = Samples.snapshot
    snapshot.epoch = NumberLimit.epoch
    (snapshot.draws, snapshot.layers, snapshot.errors) = ([], [], [])
    func add(_ kind: TensorKind, draw: Int) {
      for (index, layer) in network.layers.enumerated() {
        var row = Samples.layer(.activations)
        (row.draw, row.index, row.layer, row.kind) = (draw, index, layer.name, kind)
        row.statistics.count = .max
        row.statistics.minimum = 1
        row.statistics.averagePrecision = 1
        row.statistics.kurtosis = 1
        row.statistics.histogram = Array(repeating: .max, count: 256)
        row.statistics.channelLower = Array(repeating: 1, count: layer.outChannels)
        row.statistics.channelUpper = row.statistics.channelLower
        snapshot.layers.append(row)
      }
    }
    add(.weights, draw: 0)
    add(.foldedWeights, draw: 0)
    for draw in 0..<draws {
      var metrics = Samples.snapshot.draws[0]
      metrics.draw = draw
      snapshot.draws.append(metrics)
      add(.activations, draw: draw)
      for (index, layer) in network.layers.enumerated() {
        var error = Samples.snapshot.errors[0]
        (error.draw, error.index, error.layer) = (draw, index, layer.name)
        error.weightsAloneQMSE = 1
        snapshot.errors.append(error)
      }
    }
    return snapshot
  }

  @Test func noSnapshotOfAValidConfigurationIsLongerThanAFrame() throws {
    var factorized = Architecture()
    factorized.factorization = .uniform(2)
    var deep = Architecture()
    deep.stages = [Stage(width: 8, blocks: 190)]
    for architecture in [Architecture(), factorized, deep] {
      let network = try Network(architecture)
      let size = SnapshotSize(network.layers)
      for draws in [1, size.mostDraws] {
        let snapshot = longest(network, draws: draws)
        let count = Wire.encode(Samples.envelope(.snapshot(Samples.attempt, snapshot))).count
        #expect(count <= size.bytes(draws: draws))
        #expect(Double(count) > 0.95 * Double(size.bytes(draws: draws)), "the bound is loose")
        #expect(Wire.objection(to: snapshot) == nil)
      }
      let excess = try #require(Wire.objection(to: longest(network, draws: size.mostDraws * 6 / 5)))
      #expect(excess.contains("more than the 4194304 of a message"))
    }
    #expect(SnapshotSize(try Network(Architecture()).layers).mostDraws == 132)
  }
}
