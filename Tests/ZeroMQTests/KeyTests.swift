import Foundation
import Testing

@testable import ZeroMQ

@Suite struct KeyTests {
  /// The vectors of ZeroMQ RFC 32 and of libzmq's manual page zmq_curve_keypair(3).
  @Test func textOfBytesIsThatOfTheStandard() {
    let bytes: [UInt8] = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B]
    #expect(Z85.encode(bytes) == "HelloWorld")
    #expect(Z85.decode("HelloWorld") == bytes)
    let pair = CurveKeyPair(secret: "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")
    #expect(pair?.publicKey.description == "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    #expect(pair?.publicKey.bytes.prefix(4) == [0xBB, 0x88, 0x47, 0x1D])
  }

  @Test func freshPairsDifferAndTellNoSecret() throws {
    let (one, two) = (try CurveKeyPair(), try CurveKeyPair())
    #expect(one != two)
    #expect(CurveKeyPair(secret: one.secretText) == one)
    #expect(CurvePublicKey("\(one.publicKey)") == one.publicKey)
    for text in ["\(one)", String(reflecting: one)] {
      #expect(!text.contains(one.secretText) && text.contains("\(one.publicKey)"))
    }
  }

  /// Of a thousand that are not chosen, a dozen do.
  @Test func noFreshPublicKeyBeginsAsOptionsDo() throws {
    for _ in 0..<1000 { #expect(try !"\(CurveKeyPair().publicKey)".hasPrefix("-")) }
  }

  @Test(arguments: [
    "", "HelloWorld", String(repeating: " ", count: 40), String(repeating: "#", count: 40),
    String(repeating: "a", count: 39) + "\0", String(repeating: "é", count: 20),
    String(repeating: "a", count: 41), String(repeating: "a", count: 45),
  ])
  func whatIsNoKeyIsRefused(text: String) {
    #expect(CurvePublicKey(text) == nil)
    #expect(CurveKeyPair(secret: text) == nil)
  }

  /// Whatever the text is, it is refused or is the one text of its bytes.
  @Test func mutatedTextsAreRefusedOrKeysOfTheirOwn() throws {
    var source = Mutations(seed: 0x7a85)
    let keys = try (0..<8).map { _ in Array("\(try CurveKeyPair().publicKey)".utf8) }
    var taken = 0
    for round in 0..<200_000 {
      let text = String(decoding: source.mutate(keys[round % 8], others: keys), as: UTF8.self)
      guard let key = CurvePublicKey(text) else { continue }
      taken += 1
      if key.description != text { Issue.record("round \(round): \(text.debugDescription)") }
    }
    #expect(taken > 1000)
  }
}

@Suite struct KeyFileTests {
  let folder: URL
  let keys: CurveKeyPair
  var path: String { folder.appendingPathComponent("test.key").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    keys = try CurveKeyPair()
  }

  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "taken"
    } catch let error as KeyFileError {
      return error.description
    } catch {
      return "another error: \(error)"
    }
  }

  private func write(_ text: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private func mode(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
  }

  @Test func keysComeBackFromPrivateFilesThatAreNeverOverwritten() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try KeyFile.create(keys, at: path)
    #expect(try mode(path) == 0o600 && mode(path + ".pub") == 0o644)
    #expect(try KeyFile.keyPair(at: path) == keys)
    #expect(try KeyFile.publicKey(at: path + ".pub") == keys.publicKey)
    #expect(try KeyFile.publicKey(path + ".pub") == keys.publicKey)
    #expect(try KeyFile.publicKey("\(keys.publicKey)") == keys.publicKey)
    #expect(refusal { try KeyFile.create(try CurveKeyPair(), at: path) }.contains("it is there already"))
    #expect(try KeyFile.keyPair(at: path) == keys)
    // One of the two is there: neither is made.
    try FileManager.default.removeItem(atPath: path)
    #expect(refusal { try KeyFile.create(keys, at: path) }.contains("test.key.pub: it is there already"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o601, 0o777])
  func aSecretKeyThatOthersCanReachIsRefused(mode: Int) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try KeyFile.create(keys, at: path)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let line = refusal { _ = try KeyFile.keyPair(at: path) }
    #expect(line.contains("0\(String(mode, radix: 8))") && line.contains("chmod 600 '\(path)'"))
  }

  @Test func aPublicKeyThatOthersCanWriteIsRefused() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try KeyFile.create(keys, at: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path + ".pub")
    #expect(refusal { _ = try KeyFile.publicKey(at: path + ".pub") }.contains("chmod go-w"))
  }

  @Test func aKeyOfTheWrongKindIsNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try KeyFile.create(keys, at: path)
    let secret = refusal { _ = try KeyFile.publicKey(at: path) }
    #expect(secret.contains("a secret key where a public one is needed; give \(path).pub"))
    #expect(
      refusal { _ = try KeyFile.keyPair(at: path + ".pub") }.contains("a public key where a secret one"))
  }

  @Test(arguments: [
    "", "\n", "strata-secret-key", "strata-secret-key 1 short", "strata-secret-key 2 x", "some text\n",
    "strata-secret-key 1 D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\nmore\n",
    "strata-secret-key 1 D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs ", "strata-secret-key 1 \u{e9}\u{e9}\u{e9}",
  ])
  func whatIsNoKeyFileIsNamed(text: String) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(text)
    let line = refusal { _ = try KeyFile.keyPair(at: path) }
    #expect(line.hasPrefix("\(path): it is ") && !line.contains("\n"), "\(line)")
  }

  @Test func foldersPipesAndLongFilesAreRefused() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(refusal { _ = try KeyFile.keyPair(at: folder.path) }.contains("no regular file"))
    #expect(mkfifo(path, 0o600) == 0)
    #expect(refusal { _ = try KeyFile.keyPair(at: path) }.contains("no regular file"))
    try FileManager.default.removeItem(atPath: path)
    try write(String(repeating: "x", count: 100_000))
    #expect(refusal { _ = try KeyFile.keyPair(at: path) }.contains("more than 4096 bytes"))
    #expect(refusal { _ = try KeyFile.keyPair(at: path + ".none") }.contains("No such file"))
  }

  @Test func mutatedFilesAreRefusedOrKeys() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var source = Mutations(seed: 0xf11e)
    let file = Array("strata-secret-key 1 \(keys.secretText)\n".utf8)
    for _ in 0..<2000 {
      let bytes = source.mutate(file, others: [file])
      try write("", mode: 0o600)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      do throws(KeyFileError) { _ = try KeyFile.keyPair(at: path) } catch { #expect(error.path == path) }
    }
  }
}

/// Bytes changed at random, from a seed.
struct Mutations {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(bound, 1)))
  }

  mutating func mutate(_ bytes: [UInt8], others: [[UInt8]]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...next(3) {
      switch next(6) {
      case 0: bytes.removeLast(next(bytes.count + 1))
      case 1: bytes.insert(UInt8(next(256)), at: next(bytes.count + 1))
      case 2: bytes = Array(bytes.prefix(next(bytes.count + 1))) + others[next(others.count)].suffix(next(40))
      case 3: if !bytes.isEmpty { bytes[next(bytes.count)] = UInt8(33 + next(94)) }
      default: if !bytes.isEmpty { bytes[next(bytes.count)] ^= UInt8(1 << next(8)) }
      }
    }
    return bytes
  }
}
