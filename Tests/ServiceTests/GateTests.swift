import Foundation
import SweepProtocol
import Testing

@testable import Coordinator
@testable import ZeroMQ

/// Who may say what, without a socket.
@Suite struct GateTests {
  let own: CurveKeyPair
  let one: CurveKeyPair
  let two: CurveKeyPair
  var list = WorkerKeyList()

  init() throws {
    own = try CurveKeyPair()
    one = try CurveKeyPair()
    two = try CurveKeyPair()
    _ = try list.allow(.init(name: "one", key: one.publicKey), path: "")
  }

  private func text(_ keys: CurveKeyPair) -> String { "\(keys.publicKey)" }

  @Test func withoutKeysEverybodyMaySayEverything() {
    let gate = Coordinator.Gate(own: nil)
    #expect(gate.refusal(of: nil) == nil && gate.refusal(of: nil, as: WorkerIdentity.fresh()) == nil)
    #expect(gate.refusal(of: nil, asking: .shutdown) == nil)
  }

  @Test func withKeysOnlyTheListAndTheCoordinatorItselfMay() {
    var gate = Coordinator.Gate(own: own.publicKey)
    #expect(gate.replace(list, at: Moment()) == [])
    #expect(gate.admits(one.publicKey) && gate.admits(own.publicKey) && !gate.admits(two.publicKey))
    #expect(gate.allowed == 1)
    #expect(gate.refusal(of: nil)?.reason == .keyNotAllowed)
    #expect(gate.refusal(of: text(two))?.reason == .keyNotAllowed)
    for keys in [one, own] {
      let bound = WorkerIdentity.fresh(boundTo: keys.publicKey.bytes)
      #expect(gate.refusal(of: text(keys), as: bound) == nil)
      #expect(gate.refusal(of: text(keys), as: WorkerIdentity.fresh())?.reason == .identity)
      #expect(gate.refusal(of: text(keys), asking: .status) == nil)
    }
    #expect(gate.refusal(of: text(one), asking: .shutdown) != nil)
    #expect(gate.refusal(of: text(own), asking: .shutdown) == nil)
    #expect(gate.refusal(of: text(two), asking: .status) != nil)
  }

  @Test func aRevokedKeyIsToldThenCutOffUntilItIsAllowedAgain() {
    var gate = Coordinator.Gate(own: own.publicKey)
    _ = gate.replace(list, at: Moment())
    let revoked = gate.replace(WorkerKeyList(), at: Moment(.seconds(10)))
    #expect(revoked.map(\.prefix) == [WorkerIdentity.prefix(of: one.publicKey.bytes)])
    #expect(revoked[0].line == "the key of one, \(one.publicKey), is revoked")
    #expect(gate.refusal(of: text(one))?.line == revoked[0].line)
    #expect(!gate.admits(one.publicKey) && gate.admits(own.publicKey))
    #expect(!gate.hasBeenTold(text(one), at: Moment(.milliseconds(10_900))))
    #expect(gate.hasBeenTold(text(one), at: Moment(.seconds(11))))
    #expect(!gate.hasBeenTold(text(two), at: Moment(.seconds(11))) && !gate.hasBeenTold(nil, at: Moment()))
    #expect(gate.replace(list, at: Moment(.seconds(12))) == [])
    #expect(gate.admits(one.publicKey) && !gate.hasBeenTold(text(one), at: Moment(.seconds(99))))
  }

  @Test func idsAreBoundToTheirKeys() {
    let ids = (0..<100).map { _ in WorkerIdentity.fresh(boundTo: one.publicKey.bytes) }
    #expect(Set(ids).count == 100)
    for id in ids {
      #expect(id == UUID(uuidString: id)?.uuidString.lowercased())
      #expect(id.hasPrefix(WorkerIdentity.prefix(of: one.publicKey.bytes)))
    }
    #expect(WorkerIdentity.prefix(of: one.publicKey.bytes).count == 19)
    #expect(WorkerIdentity.prefix(of: one.publicKey.bytes) != WorkerIdentity.prefix(of: two.publicKey.bytes))
  }
}

@Suite struct WorkerKeyListTests {
  let keys: [CurvePublicKey]
  let folder: URL
  var file: WorkerKeyFile { WorkerKeyFile(folder.appendingPathComponent("workers.keys").path) }

  init() throws {
    keys = try (0..<4).map { _ in try CurveKeyPair().publicKey }
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  @Test func remarksStayWhenTheListIsChanged() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = "# our cluster\n\nnode1 \(keys[0])\n#node2 \(keys[1])\n  node3\t\(keys[2])  \r\n"
    var list = try WorkerKeyList(text, path: "f")
    #expect(list.entries.map(\.name) == ["node1", "node3"])
    let isNew = try list.allow(.init(name: "node4", key: keys[3]), path: "f")
    let isNewAgain = try list.allow(.init(name: "node4", key: keys[3]), path: "f")
    #expect(isNew && !isNewAgain)
    #expect(list.revoke { $0.name == "node1" }.map(\.key) == [keys[0]])
    #expect(list.text == "# our cluster\n\n#node2 \(keys[1])\nnode3 \(keys[2])\nnode4 \(keys[3])\n")
    #expect(try WorkerKeyList(list.text, path: "f") == list)
  }

  @Test func aNameOrKeyTwiceIsNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    func problem(_ text: String) -> String? {
      do throws(KeyFileError) { _ = try WorkerKeyList(text, path: "f") } catch { return error.description }
      return nil
    }
    #expect(problem("a \(keys[0])\na \(keys[1])\n")?.hasPrefix("f: line 2 has the name a, as line 1") == true)
    #expect(problem("a \(keys[0])\nb \(keys[0])\n")?.hasPrefix("f: line 2 has the key of line 1") == true)
    for bad in ["a", "a b", "\(keys[0]) a", "a \(keys[0]) more", "ä \(keys[0])", "../a \(keys[0])"] {
      #expect(problem("\n\(bad)\n")?.hasPrefix("f: line 2 is not a name and a public key") == true, "\(bad)")
    }
    var list = try WorkerKeyList("a \(keys[0])", path: "f")
    #expect(throws: KeyFileError.self) { try list.allow(.init(name: "a", key: keys[1]), path: "f") }
    #expect(throws: KeyFileError.self) { try list.allow(.init(name: "b", key: keys[0]), path: "f") }
  }

  @Test func manyMayChangeItAtOnce() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = file
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<10 {
            let entry = WorkerKeyList.Entry(name: "w\(writer)-\(number)", key: try CurveKeyPair().publicKey)
            _ = try file.edit { list throws(KeyFileError) in try list.allow(entry, path: file.path) }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try file.read().entries.count == 80)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["workers.keys"])
  }

  @Test func everyChangeChangesItsStamp() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(file.stamp() == nil)
    var stamps: [WorkerKeyFile.Stamp?] = []
    for (index, key) in keys.enumerated() {
      _ = try file.edit { list throws(KeyFileError) in
        try list.allow(.init(name: "w\(index)", key: key), path: "")
      }
      stamps.append(file.stamp())
    }
    #expect(Set(stamps).count == keys.count && !stamps.contains(nil))
  }

  @Test func aListThatOthersMayWriteIsRefused() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try file.edit { _ in }
    try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: file.path)
    let error = #expect(throws: KeyFileError.self) { _ = try file.read() }
    #expect(error?.description.contains("chmod go-w") == true)
  }

  @Test func mutatedListsAreRefusedOrReadTheSameAgain() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = Array("# ours\nnode1 \(keys[0])\nnode2 \(keys[1])\n".utf8)
    var state: UInt64 = 0x115
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(max(bound, 1)))
    }
    var read = 0
    for round in 0..<20_000 {
      var bytes = text
      for _ in 0...next(3) {
        switch next(3) {
        case 0: if !bytes.isEmpty { bytes[next(bytes.count)] = UInt8(next(256)) }
        case 1: bytes.insert(UInt8(next(128)), at: next(bytes.count + 1))
        default:
          let end = next(bytes.count + 1)
          bytes.removeSubrange(max(0, end - next(60))..<end)
        }
      }
      guard let text = String(validating: bytes, as: UTF8.self),
        let list = try? WorkerKeyList(text, path: "f")
      else { continue }
      read += 1
      if try WorkerKeyList(list.text, path: "f") != list { Issue.record("round \(round)") }
    }
    #expect(read > 100)
  }
}
