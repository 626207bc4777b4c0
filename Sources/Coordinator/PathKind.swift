internal import Foundation

/// What lies at a path; nil: nothing.
enum PathKind {
  case folder, file

  static func of(_ path: String) -> Self? {
    var isFolder = ObjCBool(false)
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    return isFolder.boolValue ? .folder : .file
  }
}
