import Networks
import Sweeps

/// Numbers printed in Stone Yun, *An Analysis Framework for the Quantization-Aware Design of Efficient, Low-Power
/// CNNs* (Waterloo 2022): 200 epochs on CIFAR-10, one training run each. Accuracies in percent.
public struct PublishedResult: Codable, Hashable, Sendable {
  public var source: String
  public var fp32Accuracy: Double?
  public var quantizedAccuracy: Double?
  public var qmse: Double?
  public var qce: Double?
  public var percentDecrease: Double?
}

extension PublishedResult {
  /// The two chapters print different numbers for the networks they share (SPEC I).
  enum Chapter: Sendable { case weightInitialization, factorization }

  /// Trials with FactorizeNets among them repeat chapter 5, others chapter 4.
  static func chapter(_ trials: [ReportTrial]) -> Chapter {
    let networks = Set(trials.map(\.configuration.network.factorization))
    return networks.isSubset(of: [.none, .depthwise]) ? .weightInitialization : .factorization
  }

  /// What was published of a trial's network on CIFAR-10, by its name there; nil where nothing was.
  static func of(_ trial: ReportTrial, _ chapter: Chapter) -> PublishedResult? {
    let configuration = trial.configuration
    guard configuration.data.dataset == .cifar10 else { return nil }
    let name = networkLabel(configuration.network, configuration.initialization)
    switch chapter {
    case .weightInitialization: return table42[name]
    case .factorization: return chapter5[name]
    }
  }

  private static func row(
    _ source: String, _ fp32: Double?, _ quint8: Double?, _ qmse: Double?, _ qce: Double?, _ decrease: Double?
  ) -> PublishedResult {
    PublishedResult(
      source: source, fp32Accuracy: fp32, quantizedAccuracy: quint8, qmse: qmse, qce: qce,
      percentDecrease: decrease)
  }

  /// fp32 accuracy, quint8 accuracy, QMSE, QCE, percent decrease.
  private static let table42: [String: PublishedResult] = [
    "DWS_Conv_No_BN_GlorotUni": row("Table 4.2", 10.0, 10.0, 0.0, 2.303, 0.0),
    "DWS_Conv_No_BN_ModGlorotUni_Large": row("Table 4.2", 74.42, 70.7, 0.009, 1.109, 5.0),
    "DWS_Conv_No_BN_RandNorm_Large": row("Table 4.2", 69.94, 63.07, 0.006, 0.893, 9.82),
    "DWS_Conv_No_BN_RandNorm_Med": row("Table 4.2", 74.68, 73.26, 0.006, 0.951, 1.9),
    "DWS_Conv_No_BN_RandUni_Large": row("Table 4.2", 75.22, 72.77, 0.004, 0.872, 3.26),
    "DWS_Conv_With_BN_GlorotNorm": row("Table 4.2", 80.1, 69.76, 0.014, 1.127, 12.91),
    "DWS_Conv_With_BN_GlorotUni": row("Table 4.2", 81.04, 71.02, 0.012, 1.054, 12.36),
    "DWS_Conv_With_BN_ModGlorotUni_Large": row("Table 4.2", 76.33, 68.64, 0.012, 1.789, 10.07),
    "DWS_Conv_With_BN_ModGlorotUni_Med": row("Table 4.2", 80.16, 70.86, 0.014, 1.011, 11.6),
    "DWS_Conv_With_BN_HeNorm": row("Table 4.2", 79.48, 55.56, 0.033, 2.4, 30.1),
    "DWS_Conv_With_BN_HeUni": row("Table 4.2", 80.51, 62.49, 0.024, 1.786, 22.38),
    "DWS_Conv_With_BN_RandNorm_Large": row("Table 4.2", 74.93, 66.32, 0.01, 1.358, 11.49),
    "DWS_Conv_With_BN_RandNorm_Med": row("Table 4.2", 77.99, 66.32, 0.016, 1.694, 14.96),
    "DWS_Conv_With_BN_RandNorm_Small": row("Table 4.2", 80.61, 70.12, 0.013, 1.464, 13.01),
    "DWS_Conv_With_BN_RandUni_Large": row("Table 4.2", 76.6, 74.18, 0.003, 0.811, 3.16),
    "DWS_Conv_With_BN_RandUni_Med": row("Table 4.2", 78.4, 67.82, 0.016, 1.993, 13.49),
    "DWS_Conv_With_BN_RandUni_Small": row("Table 4.2", 79.02, 64.25, 0.017, 1.452, 18.69),
    "Regular_Conv_No_BN_GlorotNorm": row("Table 4.2", 87.03, 84.46, 0.005, 0.585, 2.95),
    "Regular_Conv_No_BN_GlorotUni": row("Table 4.2", 86.89, 85.51, 0.003, 0.403, 1.59),
    "Regular_Conv_No_BN_HeNorm": row("Table 4.2", 86.2, 85.56, 0.001, 0.228, 0.74),
    "Regular_Conv_No_BN_HeUni": row("Table 4.2", 86.2, 85.89, 0.006, 0.485, 0.36),
    "Regular_Conv_With_BN_GlorotNorm": row("Table 4.2", 89.34, 86.33, 0.005, 0.34, 3.37),
    "Regular_Conv_With_BN_GlorotUni": row("Table 4.2", 88.53, 88.33, 0.002, 0.207, 0.23),
    "Regular_Conv_With_BN_ModGlorotUni_Large": row("Table 4.2", 60.35, 57.03, 0.005, 1.92, 5.5),
    "Regular_Conv_With_BN_ModGlorotUni_Med": row("Table 4.2", 84.6, 60.08, 0.029, 3.217, 28.98),
    "Regular_Conv_With_BN_HeNorm": row("Table 4.2", 86.87, 86.3, 0.003, 0.311, 0.66),
    "Regular_Conv_With_BN_HeUni": row("Table 4.2", 87.88, 86.47, 0.004, 0.693, 1.6),
    "Regular_Conv_With_BN_RandNorm_Large": row("Table 4.2", 55.41, 45.43, 0.009, 2.07, 18.01),
    "Regular_Conv_With_BN_RandNorm_Med": row("Table 4.2", 59.57, 56.55, 0.001, 1.465, 5.07),
    "Regular_Conv_With_BN_RandNorm_Small": row("Table 4.2", 80.19, 68.96, 0.017, 2.016, 14.0),
    "Regular_Conv_With_BN_RandUni_Large": row("Table 4.2", 58.69, 58.15, 0.002, 1.577, 0.92),
    "Regular_Conv_With_BN_RandUni_Med": row("Table 4.2", 67.03, 66.15, 0.002, 1.26, 1.31),
    "Regular_Conv_With_BN_RandUni_Small": row("Table 4.2", 76.28, 75.8, 0.002, 0.888, 0.63),
  ]

  /// The same columns, by the name of the same network in Table 4.2, as far as the text of chapter 5 gives them.
  private static let chapter5: [String: PublishedResult] = [
    "Regular_Conv_With_BN_GlorotUni": row("chapter 5", 88.37, 85.6, nil, nil, 3.13),
    "FactorizeNet-f2": row("chapter 5", 86.54, 80.05, nil, nil, nil),
    "FactorizeNet-f_init2": row("chapter 5", 86.01, 80.31, nil, nil, nil),
    "FactorizeNet-f16": row("chapter 5", nil, nil, nil, nil, 14.8),
    "DWS_Conv_With_BN_GlorotUni": row("chapter 5", nil, nil, nil, nil, 4.21),
  ]
}
