public import Networks
public import Tensors

/// The named tensors of a network, in order: its weights and BatchNorm statistics, or values that belong to
/// them one by one (momentum, gradients).
///
/// Names are `LAYER.weight` (O × I/groups × H × W, dense O × I), `LAYER.bias` (O) where no BatchNorm follows,
/// else `LAYER.bn.weight` (γ), `LAYER.bn.bias` (β), `LAYER.bn.running_mean`, `LAYER.bn.running_var` (C each).
public struct Parameters: Sendable, Equatable {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  public init() {}

  /// - Parameter entries: in order; a name may come once.
  public init(_ entries: [(name: String, tensor: Tensor)]) {
    for entry in entries {
      precondition(tensors[entry.name] == nil, "\(entry.name) twice")
      self[entry.name] = entry.tensor
    }
  }

  /// A new name goes to the end; nil removes one.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      if newValue == nil {
        names.removeAll { $0 == name }
      } else if tensors[name] == nil {
        names.append(name)
      }
      tensors[name] = newValue
    }
  }

  public var entries: [(name: String, tensor: Tensor)] { names.map { ($0, tensors[$0]!) } }

  /// What a network's parameters are called, with their shapes, layer by layer.
  ///
  /// - Parameter statistics: with the running means and variances, which have no gradient and no momentum.
  public static func expected(
    for network: Network, statistics: Bool = true
  ) -> [(name: String, shape: Shape)] {
    network.layers.flatMap { layer in
      ParameterKind.kinds(of: layer).filter { statistics || !$0.isStatistic }.map {
        (name: $0.name(in: layer), shape: $0.shape(in: layer))
      }
    }
  }

  /// - Throws: `ParametersError` naming the first tensor that is missing, mis-shaped or unknown.
  public func validate(for network: Network, statistics: Bool = true) throws(ParametersError) {
    let expected = Self.expected(for: network, statistics: statistics)
    for (name, shape) in expected {
      guard let tensor = tensors[name] else { throw .missing(name: name, shape: shape) }
      guard tensor.shape == shape else { throw .shape(name: name, found: tensor.shape, expected: shape) }
    }
    let known = Set(expected.map(\.name))
    if let name = names.first(where: { !known.contains($0) }) { throw .unknown(name: name) }
  }
}

/// Why tensors are not the parameters of a network.
public enum ParametersError: Error, Hashable, Sendable, CustomStringConvertible {
  case missing(name: String, shape: Shape)
  case shape(name: String, found: Shape, expected: Shape)
  case unknown(name: String)

  public var description: String {
    switch self {
    case .missing(let name, let shape): "tensor \(name) (\(shape)) is missing"
    case .shape(let name, let found, let expected):
      "tensor \(name) has shape \(found), but this network's is \(expected)"
    case .unknown(let name): "tensor \(name) belongs to no layer of this network"
    }
  }
}

/// What a tensor is to its layer.
enum ParameterKind: CaseIterable {
  case weight, bias, scale, shift, runningMean, runningVariance

  var isStatistic: Bool { self == .runningMean || self == .runningVariance }

  static func kinds(of layer: Layer) -> [Self] {
    [.weight] + (layer.bias ? [.bias] : [])
      + (layer.batchNorm ? [.scale, .shift, .runningMean, .runningVariance] : [])
  }

  func name(in layer: Layer) -> String {
    switch self {
    case .weight: "\(layer.name).weight"
    case .bias: "\(layer.name).bias"
    case .scale: "\(layer.name).bn.weight"
    case .shift: "\(layer.name).bn.bias"
    case .runningMean: "\(layer.name).bn.running_mean"
    case .runningVariance: "\(layer.name).bn.running_var"
    }
  }

  func shape(in layer: Layer) -> Shape {
    self == .weight ? Shape(layer.weightShape) : [layer.outChannels]
  }
}
