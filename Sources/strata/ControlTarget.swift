import ArgumentParser
import Coordinator
import Reporting
import ResultStore
import SweepProtocol

/// What a command controls: a coordinator that runs, or a store that none serves.
struct ControlTarget: ParsableArguments {
  @Argument(help: "A store, or a coordinator's address (tcp://HOST:PORT).", completion: .file())
  var target: String
  @OptionGroup var keys: ClientKeyOptions

  /// The answer to a request.
  func ask(_ request: ClientRequest) throws -> ClientReply { try open { ask in try ask(request) } }

  /// Opens the target, and gives `body` the means to ask it.
  func open<Result>(_ body: ((ClientRequest) throws -> ClientReply) throws -> Result) throws -> Result {
    let security = try keys.security()
    if target.contains("://") {
      return try body(asking(LiveCoordinator(endpoint: target, security: security)))
    }
    if let coordinator = LiveCoordinator(store: target, security: security),
      (try? coordinator.ask(.status)) != nil
    {
      return try body(asking(coordinator))
    }
    let store = try Store.open(target, create: false)
    defer { try? store.close() }
    let control = StoreControl(store)
    return try body { request in
      let reply = try control.answer(request)
      if case .refused(let line) = reply { throw CommandError(line) }
      return reply
    }
  }

  /// Changes of many trials, and parts of sweeps, are given time.
  private func asking(_ coordinator: LiveCoordinator) -> (ClientRequest) throws -> ClientReply {
    { try coordinator.ask($0, timeout: .seconds(30)) }
  }

  /// Asks for what is answered by a line, and prints it.
  func tell(_ request: ClientRequest) throws {
    guard case .done(let line) = try ask(request) else {
      throw CommandError("\(target) does not say what it has done; is it of the same version?")
    }
    print(line.onOneLine)
  }
}

/// Names of trials on the command line.
func checkNames(_ names: [String]) throws {
  guard names.count <= ClientRequest.mostNames else {
    throw ValidationError("\(names.count) trials are named: at most \(ClientRequest.mostNames) at a time")
  }
}
