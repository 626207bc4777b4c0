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
        epochs: 3
        batch: 32
        decayEpochs: [3]
      data: {dataset: synthetic, train: 2000, test: 500}
      quantization.calibrationImages: 256
      analysis:
        snapshots: [1, 2]
        sensitivityImages: 32

    grid:
      network.factorization: [none, {uniform: 4}, depthwise]
      network.batchNorm: [true, false]

    trials:
      - network: {factorization: depthwise}
        initialization.strategy: {uniform: 1}
      - network: {factorization: depthwise}
        initialization.strategy: heNormal
    """
}
