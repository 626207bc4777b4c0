package import Foundation

/// An official archive of a data set: where it is found, how it is recognised, what it unpacks to.
public struct DatasetArchive: Sendable {
  /// The data set's name, e.g. `cifar10`.
  public let name: String
  public let fileName: String
  /// The published MD5 of the archive, hexadecimal.
  public let md5: String
  /// The directory the archive unpacks to.
  public let folder: String
  /// Throws unless a directory is that folder, complete.
  package let check: @Sendable (URL) throws -> Void

  package init(
    name: String, fileName: String, md5: String, folder: String,
    check: @escaping @Sendable (URL) throws -> Void
  ) {
    self.name = name
    self.fileName = fileName
    self.md5 = md5
    self.folder = folder
    self.check = check
  }

  public static let cifar10 = DatasetArchive(
    name: "cifar10", fileName: "cifar-10-binary.tar.gz", md5: "c32a1d4ab5d03f1284b67883e8d87530",
    folder: CIFARLayout.cifar10.folder, check: { _ = try Dataset.cifar10(directory: $0) })
  public static let cifar100 = DatasetArchive(
    name: "cifar100", fileName: "cifar-100-binary.tar.gz", md5: "03b5dce01913d631647c71ecec9e9cb8",
    folder: CIFARLayout.cifar100.folder, check: { _ = try Dataset.cifar100(directory: $0) })
  public static let all = [cifar10, cifar100]
}
