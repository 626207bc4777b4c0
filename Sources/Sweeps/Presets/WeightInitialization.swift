extension ShippedSweeps {
  static let weightInitialization = """
    name: weight-initialization
    description: >-
      Twelve weight initializations of regular and depthwise networks, with and without BatchNorm. Chapter 4, Tables
      4.1 and 4.2.

    grid:
      network.factorization: [none, depthwise]
      network.batchNorm: [true, false]
      initialization.strategy:
        - {normal: 1}                     # RandNorm Large
        - {normal: 0.5}                   # RandNorm Med
        - {normal: 0.1}                   # RandNorm Small
        - {uniform: 1}                    # RandUni Large
        - {uniform: 0.5}                  # RandUni Med
        - {uniform: 0.25}                 # RandUni Small
        - {modifiedGlorotUniform: 1296}   # ModGlorotUni Large
        - {modifiedGlorotUniform: 36}     # ModGlorotUni Med
        - glorotUniform
        - glorotNormal
        - heUniform
        - heNormal
    """
}
