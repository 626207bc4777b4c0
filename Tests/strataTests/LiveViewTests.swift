import SweepProtocol
import Testing

@testable import strata

@Suite struct LiveViewTests {
  static func status() -> ClusterStatus {
    var progress = TrialProgress()
    progress.phase = .training
    progress.epoch = 1
    progress.epochs = 4
    progress.step = 5
    progress.stepsPerEpoch = 10
    progress.loss = 1.23456
    progress.accuracy = 0.5049
    progress.imagesPerSecond = 431.7
    progress.secondsLeft = 65
    var status = ClusterStatus()
    status.counts.pending = 2
    status.counts.running = 1
    status.counts.completed = 3
    status.counts.diverged = 1
    status.elapsed = 3725
    status.secondsLeft = 59.6
    status.imagesPerSecond = 431.7
    status.running = [
      RunningTrial(
        attempt: AttemptID(trial: String(repeating: "a", count: 64), number: 1), label: "DWS_Conv",
        worker: "w",
        progress: progress)
    ]
    return status
  }

  @Test func oneLinePerTrialAndTheTotals() {
    #expect(
      LiveView.lines(Self.status(), width: 200) == [
        "DWS_Conv  ████░░░░░░░░ epoch 2/4  loss 1.235  acc 50.5 %  431 img/s  1:05 left",
        "4/7 trials · 3 completed · 1 diverged · 1 running · 2 pending · 0 workers · 431 img/s · 1:02:05 elapsed · 1:00 left",
      ])
  }

  @Test func noLineIsWiderThanTheTerminal() {
    for width in [20, 40, 80] {
      #expect(LiveView.lines(Self.status(), width: width).allSatisfy { $0.count <= width })
    }
  }

  @Test func moreTrialsThanRowsAreCounted() {
    var status = Self.status()
    status.running = (1...9).map { number in
      var trial = status.running[0]
      trial.attempt.number = number
      return trial
    }
    let lines = LiveView.lines(status, width: 80, rows: 6)
    #expect(lines.count == 6)
    #expect(lines[4] == "… and 5 more")
  }

  @Test func longLabelsKeepBothEnds() {
    #expect("Regular_Conv_With_BN_RandUni_Large".padding(to: 20) == "Regular_Co…Uni_Large")
    #expect("short".padding(to: 8) == "short   ")
  }

  @Test func whatIsNotKnownIsLeftOut() {
    var status = Self.status()
    status.running[0].progress.loss = .nan
    status.running[0].progress.accuracy = .nan
    status.running[0].progress.imagesPerSecond = 0
    status.running[0].progress.secondsLeft = nil
    status.running[0].progress.epoch = 0
    status.running[0].progress.step = 0
    #expect(LiveView.lines(status, width: 200)[0] == "DWS_Conv  ░░░░░░░░░░░░ epoch 1/4")
  }

  /// No worker of good will tells such, and none may end the process that shows it.
  @Test(arguments: [Double.nan, .infinity, -.infinity, -1, 1e300, .greatestFiniteMagnitude])
  func numbersBeyondAllBoundsAreShown(number: Double) throws {
    var status = Self.status()
    status.imagesPerSecond = number
    status.elapsed = number
    status.secondsLeft = number
    status.running[0].progress.imagesPerSecond = number
    status.running[0].progress.secondsLeft = number
    status.running[0].progress.loss = number
    status.running[0].progress.accuracy = number
    var worker = WorkerStatus()
    worker.silence = number
    status.workers = [worker]
    #expect(LiveView.lines(status, width: 200).allSatisfy { $0.count <= 200 })
    #expect(try StatusJSON.text(status).contains("\"sweep\""))
    #expect(Status.table(of: status.workers).contains("last heard"))
  }

  @Test func namesCommandNoTerminal() {
    var status = Self.status()
    status.running[0].label = "DWS\u{1b}[2J\n4/4 trials"
    let lines = LiveView.lines(status, width: 200)
    #expect(lines.count == 2 && lines[0].hasPrefix(#"DWS\u{1b}[2J\n4/4 trials  "#))
  }

  @Test(arguments: [(0.0, "0:00"), (59.4, "0:59"), (60, "1:00"), (3600, "1:00:00"), (.nan, "–"), (-1, "–")])
  func clock(seconds: Double, text: String) {
    #expect(LiveView.clock(seconds) == text)
  }
}
