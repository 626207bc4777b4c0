import Foundation
import Networks
import Testing

private func label(
  _ architecture: (inout Architecture) -> Void = { _ in },
  _ initialization: (inout Initialization) -> Void = { _ in }
) -> String {
  var a = Architecture()
  var i = Initialization()
  architecture(&a)
  initialization(&i)
  return networkLabel(a, i)
}

@Suite struct NetworkLabelTests {
  @Test("The 48 labels of ch. 4 hold every name Table 4.2 publishes")
  func published() throws {
    let strategies: [Initialization.Strategy] = [
      .normal(standardDeviation: 1), .normal(standardDeviation: 0.5), .normal(standardDeviation: 0.1),
      .uniform(bound: 1), .uniform(bound: 0.5), .uniform(bound: 0.25), .modifiedGlorotUniform(c: 1296),
      .modifiedGlorotUniform(c: 36), .glorotUniform, .glorotNormal, .heUniform, .heNormal,
    ]
    var labels: Set<String> = []
    for factorization in [Factorization.none, .depthwise] {
      for batchNorm in [true, false] {
        for strategy in strategies {
          labels.insert(
            label {
              $0.factorization = factorization
              $0.batchNorm = batchNorm
            } _: {
              $0.strategy = strategy
            })
        }
      }
    }
    struct Published: Decodable {
      struct Row: Decodable { let network: String }
      let table4_2: [Row]
    }
    let published = try JSONDecoder().decode(Published.self, from: fixture("published-results.json"))
    #expect(labels.count == 48)
    #expect(published.table4_2.count == 33)
    #expect(Set(published.table4_2.map(\.network)).subtracting(labels) == [])
  }

  @Test("Chapter 5's names")
  func factorizeNet() {
    #expect(label { $0.factorization = .uniform(2) } == "FactorizeNet-f2")
    #expect(label { $0.factorization = .reversePyramid(4) } == "FactorizeNet-f_init4")
    #expect(label { $0.factorization = .explicit([1, 2, 4]) } == "FactorizeNet-f1-2-4")
    #expect(
      label {
        $0.factorization = .uniform(8); $0.batchNorm = false
      } _: {
        $0.strategy = .heNormal
      }
        == "FactorizeNet-f8_No_BN_HeNorm")
  }

  @Test("What is not the thesis's is appended")
  func departures() {
    #expect(label { $0.downsampling = .maxPool } == "Regular_Conv_With_BN_GlorotUni_MaxPool")
    #expect(
      label {
        $0.firstWidth = 16
        $0.stages = [Stage(width: 16, blocks: 1), Stage(width: 32, blocks: 2)]
        $0.head = [64]
        $0.classes = 100
        $0.inputSize = 28
        $0.inputChannels = 1
        $0.batchNormMomentum = 0.9
        $0.batchNormEpsilon = 1e-5
      }
        == "Regular_Conv_With_BN_GlorotUni_W16_16x1_32x2_Input28_Channels1_Classes100_Head64_BNMomentum0.9_BNEpsilon1e-05"
    )
    #expect(
      label {
        $0.batchNorm = false; $0.head = []; $0.batchNormMomentum = 0.9
      }
        == "Regular_Conv_No_BN_GlorotUni_NoHead")
    #expect(
      label {
        _ in
      } _: {
        $0.strategy = .glorotNormal
        $0.scope = .all
        $0.fans = .perGroup
        $0.truncatesNormals = false
      } == "Regular_Conv_With_BN_GlorotNorm_AllKernels_PerGroupFans_Untruncated")
    #expect(
      label { _ in
      } _: {
        $0.strategy = .normal(standardDeviation: 2)
      } == "Regular_Conv_With_BN_RandNorm_2")
    #expect(
      label { _ in
      } _: {
        $0.strategy = .modifiedGlorotUniform(c: 6); $0.scope = .pointwise
      }
        == "Regular_Conv_With_BN_ModGlorotUni_C6_Pointwise")
  }
}
