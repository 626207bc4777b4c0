/// The extents of a row-major tensor, outermost axis first; e.g. `[O, I, H, W]` of a convolution's weights.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public let extents: [Int]

  public init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 >= 0 }, "negative extent in \(extents)")
    self.extents = extents
  }

  public init(arrayLiteral extents: Int...) { self.init(extents) }

  public var rank: Int { extents.count }
  /// Number of elements; 1 for a scalar (no axes).
  public var count: Int { extents.reduce(1, *) }
  public subscript(axis: Int) -> Int { extents[axis] }
  public var description: String { extents.map(String.init).joined(separator: "×") }
}
