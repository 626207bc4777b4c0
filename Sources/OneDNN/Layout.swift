import COneDNN

/// The type of a memory's elements.
public enum DataType: Hashable, Sendable {
  case float32, int32, int8, uint8

  var native: dnnl_data_type_t {
    switch self {
    case .float32: dnnl_f32
    case .int32: dnnl_s32
    case .int8: dnnl_s8
    case .uint8: dnnl_u8
    }
  }
}

/// Extents, element type and arrangement in memory: plain row-major, a blocked format of oneDNN's, or left
/// open for a primitive to choose. Axes: activations N × C × H × W or N × C, weights O × I × H × W, grouped
/// G × O/G × I/G × H × W, or O × I.
public final class Layout: Equatable {
  public enum Format: Sendable {
    /// The primitive this layout is given to chooses.
    case any
    /// Row-major, the last axis contiguous.
    case plain
    /// Channels last (N × H × W × C in memory) for four axes.
    case channelsLast
    /// N × C/8 × H × W × 8, or by 16, padded with zeros where that does not divide C.
    case blocks8, blocks16
    /// Weights [G ×] O/16 × I/16 × H × W × 16 of I × 16 of O.
    case weightBlocks16
  }

  let handle: OpaquePointer

  /// - Throws: `OneDNNError` where oneDNN cannot describe it (an extent of 0 or below, more than 5 axes).
  public init(_ extents: [Int], _ type: DataType = .float32, _ format: Format = .plain) throws(OneDNNError) {
    let plain = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde]
    precondition(plain.indices.contains(extents.count - 1), "\(extents.count) axes")
    let tag =
      switch format {
      case .any: dnnl_format_tag_any
      case .plain: plain[extents.count - 1]
      case .channelsLast: dnnl_acdb
      case .blocks8: dnnl_aBcd8b
      case .blocks16: dnnl_aBcd16b
      case .weightBlocks16: extents.count == 5 ? dnnl_aBCde16c16b : dnnl_ABcd16b16a
      }
    var created: OpaquePointer?
    let wide = extents.map(Int64.init)
    try check("layout \(extents)") {
      onednn_layout_create(&created, Int32(wide.count), wide, type.native, tag)
    }
    handle = created!
  }

  init(of argument: Argument, in descriptor: dnnl_primitive_desc_t, subject: String) throws(OneDNNError) {
    var found: OpaquePointer?
    try check("\(subject), layout of \(argument)") {
      onednn_layout_of_argument(&found, descriptor, argument.rawValue)
    }
    handle = found!
  }

  deinit { onednn_layout_destroy(handle) }

  /// Bytes a memory of this layout takes, the padding of blocked formats included; 0 if it is left open.
  public var bytes: Int { Int(onednn_layout_bytes(handle)) }

  public static func == (a: Layout, b: Layout) -> Bool { onednn_layout_equal(a.handle, b.handle) != 0 }
}
