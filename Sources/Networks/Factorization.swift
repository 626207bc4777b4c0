/// Which factorization rate f every block gets (SPEC A3). f = 1 is a regular block, f = input channels a
/// depthwise separable one, anything between a groupwise separable one.
public enum Factorization: Hashable, Sendable {
  case none
  case uniform(Int)
  /// f doubles whenever the block's input depth doubles, from `f_init` at the first width.
  case reversePyramid(Int)
  case depthwise
  /// One rate per block, in order.
  case explicit([Int])
}

extension Architecture {
  /// Input channels and name of every block, in order: `stage1.0`, `stage1.1`, `stage2.0`, …
  var blocks: [(name: String, inChannels: Int)] {
    var channels = firstWidth
    var blocks: [(String, Int)] = []
    for (s, stage) in stages.enumerated() {
      for b in 0..<stage.blocks {
        blocks.append(("stage\(s + 1).\(b)", channels))
        channels = stage.width
      }
    }
    return blocks
  }

  /// The factorization rate of every block (SPEC A3); throws where one does not divide the block's input channels.
  func rates() throws(NetworkSettingError) -> [Int] {
    let blocks = blocks
    if case .explicit(let rates) = factorization, rates.count != blocks.count {
      throw NetworkSettingError(
        "factorization",
        "\(rates.count) explicit rates for \(blocks.count) blocks: give one rate for every block")
    }
    var rates: [Int] = []
    for (index, block) in blocks.enumerated() {
      let f: Int
      switch factorization {
      case .none: f = 1
      case .uniform(let rate): f = rate
      case .depthwise: f = block.inChannels
      case .explicit(let given): f = given[index]
      case .reversePyramid(let initial):
        let (product, overflow) = initial.multipliedReportingOverflow(by: block.inChannels)
        guard !overflow, product % firstWidth == 0 else {
          throw NetworkSettingError(
            "factorization",
            "block \(block.name): initial rate \(initial) for \(firstWidth) channels gives no whole rate for \(block.inChannels)"
          )
        }
        f = product / firstWidth
      }
      guard f >= 1, block.inChannels % f == 0 else {
        throw NetworkSettingError(
          "factorization",
          "block \(block.name): rate \(f) does not divide its \(block.inChannels) input channels")
      }
      rates.append(f)
    }
    return rates
  }
}
