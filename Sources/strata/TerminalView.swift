import Coordinator
import SweepProtocol
import ZeroMQ

/// The live view of a sweep: asks the coordinator and redraws.
final class TerminalView {
  private var lines = LiveLines()
  private let security: CurveSecurity?
  private var client: (endpoint: String, connection: StatusClient)?

  /// - Parameter security: what the coordinator is to be asked with.
  init(_ security: CurveSecurity?) { self.security = security }

  /// Draws what the coordinator says; leaves the lines as they are while it does not answer.
  func update(from endpoint: String) {
    do {
      if client?.endpoint != endpoint {
        client = (endpoint, try StatusClient(endpoint: endpoint, security: security))
      }
      guard case .status(let status)? = try client?.connection.request(.status, timeout: .seconds(1)) else {
        return
      }
      let size = Terminal.size
      lines.draw(LiveView.lines(status, width: size.columns, rows: size.rows - 1))
    } catch {
      client = nil
    }
  }

  func finish() { client = nil }
}
