import COneDNN

/// What oneDNN makes of this processor.
public enum InstructionSet {
  /// Whether products of unsigned and signed bytes are summed in 32 bits at once (VNNI). Where they are not
  /// (AVX2, AVX-512 without VNNI), sums of two products saturate at 16 bits: exact only below 2⁷ on one side.
  public static var sumsByteProductsExactly: Bool {
    let vnni = [dnnl_cpu_isa_avx512_core_vnni.rawValue, dnnl_cpu_isa_avx2_vnni.rawValue]
    let found = dnnl_get_effective_cpu_isa().rawValue
    return vnni.contains { found & $0 == $0 }
  }
}
