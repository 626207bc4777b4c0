import COneDNN

/// A layout bound to bytes that someone else owns; several memories may share the same bytes.
public final class Memory {
  public let layout: Layout
  let handle: dnnl_memory_t
  /// Where it is bound to.
  public private(set) var address: UnsafeMutableRawPointer?

  /// Not bound yet: `bind(to:)` must come before anything that uses it is executed.
  public init(_ layout: Layout, engine: Engine) throws(OneDNNError) {
    var created: dnnl_memory_t?
    try check("memory of \(layout.bytes) bytes") {
      onednn_memory_create(&created, layout.handle, engine.handle)
    }
    self.layout = layout
    self.handle = created!
  }

  deinit { dnnl_memory_destroy(handle) }

  /// - Parameter bytes: at least `layout.bytes`, aligned to 64, and alive for as long as this is used.
  public func bind(to bytes: UnsafeMutableRawPointer) throws(OneDNNError) {
    try check("binding a memory") { dnnl_memory_set_data_handle(handle, bytes) }
    address = bytes
  }
}
