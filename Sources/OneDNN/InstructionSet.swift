import COneDNN

/// What oneDNN makes of this processor.
public enum InstructionSet {
  /// The most capable one it uses, as oneDNN names them (`ONEDNN_MAX_CPU_ISA`): what numerics depend on.
  public static var name: String {
    let names: [(dnnl_cpu_isa_t, String)] = [
      (dnnl_cpu_isa_avx512_core_amx, "AVX512_CORE_AMX"), (dnnl_cpu_isa_avx512_core_bf16, "AVX512_CORE_BF16"),
      (dnnl_cpu_isa_avx512_core_vnni, "AVX512_CORE_VNNI"), (dnnl_cpu_isa_avx512_core, "AVX512_CORE"),
      (dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI"), (dnnl_cpu_isa_avx2, "AVX2"), (dnnl_cpu_isa_avx, "AVX"),
      (dnnl_cpu_isa_sse41, "SSE41"),
    ]
    let found = dnnl_get_effective_cpu_isa().rawValue
    return names.first { found & $0.0.rawValue == $0.0.rawValue }?.1 ?? "BASELINE"
  }

  /// Whether this processor has what Strata's numeric targets are compiled for (x86-64-v3: AVX2, FMA, BMI2).
  public static var isSufficient: Bool { onednn_processor_runs_vectors() != 0 }

  /// Whether products of unsigned and signed bytes are summed in 32 bits at once (VNNI). Where they are not
  /// (AVX2, AVX-512 without VNNI), sums of two products saturate at 16 bits: exact only below 2⁷ on one side.
  public static var sumsByteProductsExactly: Bool {
    let vnni = [dnnl_cpu_isa_avx512_core_vnni.rawValue, dnnl_cpu_isa_avx2_vnni.rawValue]
    let found = dnnl_get_effective_cpu_isa().rawValue
    return vnni.contains { found & $0 == $0 }
  }
}
