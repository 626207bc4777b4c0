import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Worker
import ZeroMQ

/// A cluster whose coordinator uses keys, and lets in the workers named.
final class KeyedCluster: Sendable {
  let cluster: Cluster
  let own: CurveKeyPair
  let list: WorkerKeyFile
  var server: CurvePublicKey { own.publicKey }

  init(trials: Int, allowing names: [String: CurveKeyPair]) throws {
    cluster = try Cluster(trials: trials)
    own = try CurveKeyPair()
    try KeyFile.create(own, at: cluster.directory.appendingPathComponent("coordinator.key").path)
    list = WorkerKeyFile(cluster.directory.appendingPathComponent("workers.keys").path)
    try list.edit { _ in }
    for (name, keys) in names { try allow(name, keys) }
  }

  func allow(_ name: String, _ keys: CurveKeyPair) throws {
    let entry = WorkerKeyList.Entry(name: name, key: keys.publicKey)
    _ = try list.edit { entries throws(KeyFileError) in try entries.allow(entry, path: list.path) }
  }

  func revoke(_ name: String) throws {
    _ = try list.edit { entries throws(KeyFileError) in entries.revoke { $0.name == name } }
  }

  func coordinator() async throws -> (service: CoordinatorService, store: Store, endpoint: String) {
    try await cluster.coordinator { $0.keys = keys }
  }

  var keys: CoordinatorKeys {
    CoordinatorKeys(
      own: own, file: cluster.directory.appendingPathComponent("coordinator.key").path, workers: list.path)
  }

  func worker(
    _ endpoint: String, _ runner: any TrialRunning, _ keys: CurveKeyPair, named name: String,
    server: CurvePublicKey? = nil, _ change: @escaping (inout WorkerOptions) -> Void = { _ in }
  ) throws -> WorkerService {
    try cluster.worker(endpoint, runner, named: name) {
      $0.use(keys, coordinator: server ?? self.server)
      change(&$0)
    }
  }

  func logs(_ parts: String...) -> Bool {
    cluster.log.lines.contains { line in parts.allSatisfy { line.contains($0) } }
  }
}
