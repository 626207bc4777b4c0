import ArgumentParser

/// Why a command cannot go on; printed as one line, after which it exits with status 1.
struct CommandError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// - Throws: where a flag's number of seconds is not usable.
func checkSeconds(_ seconds: Double, _ flag: String, atLeast least: Double) throws {
  guard seconds >= least, seconds <= 1e9 else {
    throw ValidationError("\(flag) \(seconds): at least \(least) seconds are needed, and at most 1e9")
  }
}
