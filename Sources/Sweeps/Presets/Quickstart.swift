extension ShippedSweeps {
  static let quickstart = """
    name: quickstart
    description: >-
      Eight small networks on generated data, done in two minutes on two cores. Regular, groupwise and depthwise
      convolutions, with and without BatchNorm, and how initialization changes what quantization costs them.

    base:
      network:
        firstWidth: 16
        stages: [{width: 16, blocks: 1}, {width: 32, blocks: 1}, {width: 64, blocks: 1}]
        head: [64]
      training:
        epochs: 8
        batch: 32
        decayEpochs: [6]
      data: {dataset: synthetic, train: 3000, test: 1000}
      quantization.calibrationImages: 512
      analysis:
        snapshots: [2, 4]
        sensitivityImages: 64

    trials:
      - {name: Regular_No_BN, network.batchNorm: false}
      - {name: Regular_With_BN}
      - {name: Groupwise4_No_BN, network: {factorization: {uniform: 4}, batchNorm: false}}
      - {name: Groupwise4_With_BN, network: {factorization: {uniform: 4}}}
      - {name: Depthwise_No_BN, network: {factorization: depthwise, batchNorm: false}}
      - {name: Depthwise_With_BN, network: {factorization: depthwise}}
      - name: Depthwise_With_BN_RandUni_Large
        network: {factorization: depthwise}
        initialization.strategy: {uniform: 1}
      - name: Depthwise_No_BN_RandUni_Large
        network: {factorization: depthwise, batchNorm: false}
        initialization.strategy: {uniform: 1}
    """
}
