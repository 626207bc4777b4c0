import Networks
import OneDNN
public import Tensors

extension CompiledNetwork {
  /// Takes over weights and BatchNorm statistics; velocities are left as they are (zero at first).
  ///
  /// - Throws: `ParametersError` naming the tensor that does not fit, before anything is changed.
  public func load(_ parameters: Parameters) throws {
    try parameters.validate(for: network)
    Engine.setThreads(threads)
    for state in states {
      for tensor in state.trainable {
        try tensor.write(values(of: tensor.kind, state, in: parameters), to: tensor.value)
      }
      guard let statistics = state.statistics else { continue }
      statistics.mean.set(values(of: .runningMean, state, in: parameters))
      statistics.variance.set(values(of: .runningVariance, state, in: parameters))
    }
    if purpose != .training {
      loaded = parameters
      for plan in allPlans { try run(plan.prepare) }
      try engine.wait()
    }
  }

  /// Replaces one layer's weights. Of an inference network with parameters loaded.
  ///
  /// - Parameter weight: O × I/groups × K × K, dense O × I.
  public func loadWeight(_ weight: Tensor, layer: Int) throws {
    precondition(loaded != nil && weight.shape == Shape(network.layers[layer].weightShape))
    Engine.setThreads(threads)
    loaded!["\(network.layers[layer].name).weight"] = weight
    for tensor in states[layer].trainable where tensor.kind == .weight {
      try tensor.write(weight.values, to: tensor.value)
    }
    for plan in allPlans { try run(Array(plan.prepare[plan.preparation[layer]])) }
    try engine.wait()
  }

  /// Weights and BatchNorm statistics as they are now, in plain order: exact copies.
  public func parameters() throws -> Parameters {
    if let loaded { return loaded }
    return try collect(statistics: true) { $0.value }
  }

  /// The velocity of every weight, bias, γ and β, under its name. Of a training network.
  public func momentum() throws -> Parameters { try collect(statistics: false) { $0.velocity } }

  /// - Throws: `ParametersError` naming the tensor that does not fit, before anything is changed.
  public func loadMomentum(_ momentum: Parameters) throws {
    try momentum.validate(for: network, statistics: false)
    Engine.setThreads(threads)
    for state in states {
      for tensor in state.trainable {
        try tensor.write(values(of: tensor.kind, state, in: momentum), to: tensor.velocity.trained)
      }
    }
  }

  /// The gradients of the last training step (of the mean loss, without weight decay). Of a training network.
  public func gradients() throws -> Parameters { try collect(statistics: false) { $0.gradient } }

  private func values(of kind: ParameterKind, _ state: LayerState, in parameters: Parameters) -> [Float] {
    parameters[kind.name(in: state.layer)]!.values
  }

  private func collect(
    statistics: Bool, _ buffer: (TrainableTensor) -> BoundBuffer?
  ) throws -> Parameters {
    Engine.setThreads(threads)
    var result = Parameters()
    for state in states {
      for tensor in state.trainable {
        result[tensor.kind.name(in: state.layer)] = try tensor.read(buffer(tensor).trained)
      }
      guard statistics, let running = state.statistics else { continue }
      result[ParameterKind.runningMean.name(in: state.layer)] = running.mean.tensor(running.channels)
      result[ParameterKind.runningVariance.name(in: state.layer)] = running.variance.tensor(running.channels)
    }
    return result
  }
}

extension Optional where Wrapped == BoundBuffer {
  fileprivate var trained: BoundBuffer {
    guard let self else { preconditionFailure("an inference network has no velocities and no gradients") }
    return self
  }
}

extension BoundBuffer {
  fileprivate func set(_ values: [Float]) { floats.base.update(from: values, count: values.count) }

  fileprivate func tensor(_ count: Int) -> Tensor {
    Tensor(shape: [count], values: [Float](floats.buffer[..<count]))
  }
}
