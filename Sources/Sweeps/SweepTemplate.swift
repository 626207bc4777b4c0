extension SweepFile {
  /// A complete sweep file with every key explained, in lines of at most 79 characters.
  public static let template = """
    # A sweep says which networks to train. What is left out has its default,
    # which is the thesis's.
    name: my-sweep                # letters, digits, - _ .
    description: What this sweep asks.

    # Settings all trials share. Sections may be nested or dotted:
    # `training: {epochs: 60}` is `training.epochs: 60`.
    base:
      network:
        batchNorm: true
        # none, depthwise, {uniform: 4}, {reversePyramid: 2} or
        # {explicit: [1, 1, 2, 2, 2, 4, 4, 4]}, one rate for every block
        factorization: none
        downsampling: stride      # stride or maxPool
        firstWidth: 64
        stages:
          - {width: 64, blocks: 2}
          - {width: 128, blocks: 3}
          - {width: 256, blocks: 3}
        head: [128, 128]          # hidden dense layers
      initialization:
        # glorotUniform, glorotNormal, heUniform, heNormal, {normal: 0.5},
        # {uniform: 0.5} or {modifiedGlorotUniform: 36}
        strategy: glorotUniform
        scope: spatial            # spatial, pointwise or all
      training:
        epochs: 60
        batch: 128
        learningRate: 0.01
        momentum: 0.9
        weightDecay: 0
        decayEpochs: [20, 40]     # learningRate × decayFactor after these
        decayFactor: 0.1
        augmentation: {enabled: true, shift: 0.1, zoom: 0.1, rotation: 15}
      data:
        dataset: cifar10          # synthetic, cifar10 or cifar100
        train: 5000               # first n, as many of every class; or all
        test: 2000
        scaling: unit             # unit or standardized
      quantization:
        weightBits: 8             # 2 to 16
        activationBits: 8
        weightGranularity: perTensor # or perChannel
        clippedPercent: 1         # of the activations, at either end
        calibrationImages: 1024
        draws: 3                  # calibration samples per snapshot
      analysis:
        snapshots: [5, 20]        # besides initialization and the last epoch
        sensitivityImages: 64

    # Every value of the first with every value of the second, and so on; the
    # first varies slowest.
    grid:
      network.factorization: [none, {uniform: 4}, depthwise]
      network.batchNorm: [true, false]

    # Values taken in step: the first with the first, the second with the
    # second. The lists are equally long.
    zip:
      training.learningRate: [0.01, 0.1]
      training.batch: [128, 1024]

    # Further configurations over base, untouched by grid and zip. A name is a
    # label of your own.
    trials:
      - name: hardly-factorized
        network.factorization: {uniform: 2}

    # Trials that are the worst under quantization at a snapshot are stopped
    # there, as they come to it. No part of what a trial is known by.
    earlyStopping:
      epoch: 20                   # one of analysis.snapshots
      metric: percentDecrease     # percentDecrease, quint8Accuracy or qmse
      worstPercent: 25            # of the trials that have come so far,
      atLeast: 8                  # once so many have

    # Training seeds: a list, or a count. Every configuration is trained once
    # with each.
    seeds: [1, 2, 3]
    """
}
