import ZeroMQ

/// Public keys on the command line: one in 85 of those that others make begins with '-', as options do.
enum KeyArguments {
  /// The arguments, such keys among them put so that they are taken for what they are: behind the `=` of the option
  /// whose value they are, or behind all options and `--`.
  static func protected(_ arguments: [String]) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    var others: [String] = []
    var keys: [String] = []
    for argument in arguments[..<end] {
      if argument.hasPrefix("-"), others.last == coordinatorKey, CurvePublicKey(argument) != nil {
        others[others.count - 1] += "=\(argument)"
      } else if argument.hasPrefix("-"), !argument.hasPrefix("--"), CurvePublicKey(argument) != nil {
        keys.append(argument)
      } else {
        others.append(argument)
      }
    }
    let rest = arguments[end...]
    return keys.isEmpty ? others + rest : others + ["--"] + keys + rest.dropFirst()
  }

  private static let coordinatorKey = "--coordinator-key"
}
