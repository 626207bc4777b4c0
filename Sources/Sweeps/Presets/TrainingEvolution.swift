extension ShippedSweeps {
  static let trainingEvolution = """
    name: training-evolution
    description: >-
      Eight networks, two of every kind, under quantization at five epochs of their training. Section 4.6, Tables 4.3
      and 4.4.

    base:
      analysis.snapshots: [5, 50, 75, 150, 200]

    trials:
      - network: {factorization: depthwise, batchNorm: false}
        initialization.strategy: {normal: 0.5}
      - network: {factorization: depthwise, batchNorm: false}
        initialization.strategy: {normal: 1}
      - network: {factorization: depthwise, batchNorm: true}
        initialization.strategy: heNormal
      - network: {factorization: depthwise, batchNorm: true}
        initialization.strategy: glorotUniform
      - network: {factorization: none, batchNorm: false}
        initialization.strategy: heUniform
      - network: {factorization: none, batchNorm: false}
        initialization.strategy: glorotNormal
      - network: {factorization: none, batchNorm: true}
        initialization.strategy: {modifiedGlorotUniform: 1296}
      - network: {factorization: none, batchNorm: true}
        initialization.strategy: {uniform: 0.25}
    """
}
