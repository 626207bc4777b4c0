/// The layers of several networks on one axis, in order of execution. The 3×3 convolution of a block stands at
/// the same place whether the block is regular or separable.
struct LayerAxis: Sendable {
  private(set) var names: [String] = []
  private var places: [String: Int] = [:]

  /// - Parameter networks: layer names of each, in order.
  init(_ networks: [[String]]) {
    var keys: [String] = []
    var spelled: [String: Set<String>] = [:]
    for layers in networks {
      var next = 0
      for layer in layers {
        let key = Self.key(layer)
        spelled[key, default: []].insert(layer)
        if let place = keys.firstIndex(of: key) {
          next = place + 1
        } else {
          keys.insert(key, at: next)
          next += 1
        }
      }
    }
    names = keys.map { key in spelled[key].flatMap { $0.count == 1 ? $0.first : nil } ?? key }
    places = Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func place(of layer: String) -> Int? { places[Self.key(layer)] }

  private static func key(_ layer: String) -> String {
    for ending in [".conv", ".spatial"] where layer.hasSuffix(ending) {
      return layer.dropLast(ending.count) + ".3×3"
    }
    return layer
  }
}
