import ArgumentParser
import SweepProtocol

struct Pause: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hand out no more trials; those running go on.",
    discussion: "A store stays paused, whatever coordinator serves it, until 'strata resume'.")

  @OptionGroup var target: ControlTarget

  func run() throws { try target.tell(.pause) }
}

struct Resume: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Hand out trials again after 'strata pause'.")

  @OptionGroup var target: ControlTarget

  func run() throws { try target.tell(.resume) }
}
