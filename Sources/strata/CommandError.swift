/// Why a command cannot go on; printed as one line, after which it exits with status 1.
struct CommandError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
