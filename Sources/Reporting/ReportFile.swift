import Foundation

/// A report on the disk.
public enum ReportFile {
  /// Writes all of `content` or nothing, in place of a file that is there. Throws `ReportError.unwritable`.
  public static func write(_ content: String, to path: String) throws(ReportError) {
    do {
      try Data(content.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error ?? error
      let code = cause as NSError
      let reason = code.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(code.code))) : "\(code)"
      throw .unwritable(path: path, reason: reason)
    }
  }
}
