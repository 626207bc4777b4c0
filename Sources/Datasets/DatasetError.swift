/// Why a data set cannot be read or fetched; `description` names the file and what would be right.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
