/// The thesis's name of a network with its initialization, as its tables print it:
/// `DWS_Conv_With_BN_RandUni_Large` (Table 4.2), `FactorizeNet-f_init4` (ch. 5, which always has BatchNorm and
/// GlorotUni). Whatever departs from the thesis's macroarchitecture and choices is appended, so that equal labels
/// mean equal networks: `Regular_Conv_No_BN_RandNorm_0.3_MaxPool`.
public func networkLabel(_ architecture: Architecture, _ initialization: Initialization) -> String {
  let weights = initialization.label
  let normalization = architecture.batchNorm ? "With_BN" : "No_BN"
  let core: String
  if let kind = architecture.factorization.convolutionName {
    core = "\(kind)_\(normalization)_\(weights)"
  } else {
    let name = "FactorizeNet-\(architecture.factorization.rateName)"
    let usual = architecture.batchNorm && weights == "GlorotUni"
    core = usual ? name : "\(name)_\(normalization)_\(weights)"
  }
  return ([core] + architecture.departures).joined(separator: "_")
}

extension Factorization {
  /// What Tables 4.2–4.4 call the two ends of the factorization scale.
  fileprivate var convolutionName: String? {
    switch self {
    case .none: "Regular_Conv"
    case .depthwise: "DWS_Conv"
    case .uniform, .reversePyramid, .explicit: nil
    }
  }

  /// `f4`, `f_init2`, and `f1-1-2-4` for explicit rates.
  fileprivate var rateName: String {
    switch self {
    case .none: "f1"
    case .depthwise: "f_depthwise"
    case .uniform(let f): "f\(f)"
    case .reversePyramid(let f): "f_init\(f)"
    case .explicit(let rates): "f" + rates.map(String.init).joined(separator: "-")
    }
  }
}

extension Initialization {
  /// The name in Table 4.1, with whatever departs from B3 and B4 appended.
  fileprivate var label: String {
    var parts: [String]
    switch strategy {
    case .normal(let sigma):
      parts = ["RandNorm", [1: "Large", 0.5: "Med", 0.1: "Small"][sigma] ?? short(sigma)]
    case .uniform(let bound):
      parts = ["RandUni", [1: "Large", 0.5: "Med", 0.25: "Small"][bound] ?? short(bound)]
    case .modifiedGlorotUniform(let c):
      parts = ["ModGlorotUni", [1296: "Large", 36: "Med"][c] ?? "C" + short(c)]
    case .glorotUniform: parts = ["GlorotUni"]
    case .glorotNormal: parts = ["GlorotNorm"]
    case .heUniform: parts = ["HeUni"]
    case .heNormal: parts = ["HeNorm"]
    }
    switch scope {
    case .spatial: break
    case .pointwise: parts.append("Pointwise")
    case .all: parts.append("AllKernels")
    }
    if fans == .perGroup { parts.append("PerGroupFans") }
    if !truncatesNormals, strategy == .glorotNormal || strategy == .heNormal { parts.append("Untruncated") }
    return parts.joined(separator: "_")
  }
}

extension Architecture {
  /// Every field but BatchNorm and factorization that is not the thesis's.
  fileprivate var departures: [String] {
    let usual = Architecture()
    var parts: [String] = []
    if firstWidth != usual.firstWidth || stages != usual.stages {
      parts.append("W\(firstWidth)")
      parts += stages.map { "\($0.width)x\($0.blocks)" }
    }
    if inputSize != usual.inputSize { parts.append("Input\(inputSize)") }
    if inputChannels != usual.inputChannels { parts.append("Channels\(inputChannels)") }
    if classes != usual.classes { parts.append("Classes\(classes)") }
    if head != usual.head {
      parts.append(head.isEmpty ? "NoHead" : "Head" + head.map(String.init).joined(separator: "-"))
    }
    if downsampling == .maxPool { parts.append("MaxPool") }
    if batchNorm, batchNormMomentum != usual.batchNormMomentum {
      parts.append("BNMomentum\(short(batchNormMomentum))")
    }
    if batchNorm, batchNormEpsilon != usual.batchNormEpsilon {
      parts.append("BNEpsilon\(short(batchNormEpsilon))")
    }
    return parts
  }
}

/// 0.3 as `0.3`, 2.0 as `2`.
func short(_ value: Double) -> String {
  let text = "\(value)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
