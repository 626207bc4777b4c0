internal import Glibc

/// How many files and sockets the process may have open: one for each connection, and a few for each socket.
public enum DescriptorLimit {
  /// Raises it as far as the system allows.
  ///
  /// - Returns: what it is then.
  @discardableResult
  public static func raise() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let raised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: raised ? limit.rlim_cur : before)
  }
}
