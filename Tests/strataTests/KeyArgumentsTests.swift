import Testing
import ZeroMQ

@testable import strata

@Suite struct KeyArgumentsTests {
  /// Keys that the parser would take for options, the first for one that asks for help.
  static let keys = [
    "-MvEh" + String(repeating: "0", count: 35), "--vEh" + String(repeating: "0", count: 35),
  ]

  @Test func keysAreNoOptions() {
    let key = Self.keys[0]
    #expect(
      KeyArguments.protected(["workers", "allow", key, "--name", "a", "--worker-keys", "l"])
        == ["workers", "allow", "--name", "a", "--worker-keys", "l", "--", key])
    for key in Self.keys {
      #expect(CurvePublicKey(key) != nil)
      #expect(
        KeyArguments.protected(["worker", "--coordinator-key", key, "--key", "k"])
          == ["worker", "--coordinator-key=\(key)", "--key", "k"])
    }
  }

  @Test(arguments: [
    [], ["status"], ["-h"], ["run", "quickstart", "--set", "seeds=2"],
    ["workers", "allow", "--name", "a", "--", keys[0]],
    // As long as a key, of a key's characters, and an option.
    ["run", "x", "--set=network.factorization={uniform:16}"],
    ["worker", "--coordinator-key", "file", "--key", "k"],
  ]) func allElseStaysAsItIs(arguments: [String]) {
    #expect(KeyArguments.protected(arguments) == arguments)
  }
}
