extension ShippedSweeps {
  static let progressiveFactorization = """
    name: progressive-factorization
    description: >-
      From regular to depthwise separable convolutions in eight steps, by uniform rates and reverse pyramids. Chapter
      5; always BatchNorm and Glorot uniform weights.

    base:
      network.batchNorm: true
      initialization.strategy: glorotUniform

    trials:
      - {name: Regular_Conv, network.factorization: none}
      - {name: FactorizeNet-f2, network.factorization: {uniform: 2}}
      - {name: FactorizeNet-f4, network.factorization: {uniform: 4}}
      - {name: FactorizeNet-f8, network.factorization: {uniform: 8}}
      - {name: FactorizeNet-f16, network.factorization: {uniform: 16}}
      - {name: FactorizeNet-f_init2, network.factorization: {reversePyramid: 2}}
      - {name: FactorizeNet-f_init4, network.factorization: {reversePyramid: 4}}
      - {name: DWS_Conv, network.factorization: depthwise}
    """
}
