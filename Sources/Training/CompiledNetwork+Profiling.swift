import Networks
import OneDNN

/// One thing a step computes, and how long it took, all slices of images together.
public struct TimedStep: Hashable, Sendable {
  /// Name of the layer it is computed for; nil for the loss.
  public let layer: String?
  /// What is computed: `forward`, `backward-data`, `batch statistics`, `reorder`, `update`, `loss` …
  public let pass: String
  /// The code that ran; several names where several kinds did.
  public private(set) var implementation: String
  public private(set) var seconds: Double

  public init(layer: String?, pass: String, implementation: String, seconds: Double) {
    self.layer = layer
    self.pass = pass
    self.implementation = implementation
    self.seconds = seconds
  }
}

extension CompiledNetwork {
  /// `trainStep` over a full batch, timed piece by piece, in the order executed.
  ///
  /// - Parameter labels: one for each image of the batch.
  public func profileTrainStep(
    labels: UnsafeBufferPointer<Int32>, learningRate: Double, momentum: Double
  ) throws -> [TimedStep] {
    precondition(purpose == .training && labels.count == batch)
    Engine.setThreads(threads)
    let plan = try plan(for: batch)
    var steps = try profile(plan.prepare) + plan.forward.flatMap { try profile($0) }
    steps.append(
      time(nil, "loss") {
        _ = softmaxCrossEntropy(
          logits: plan.outputs.last!.floats, labels: labels, classes: network.architecture.classes,
          gradient: plan.lossGradient!.floats)
      })
    steps += try profile(plan.backward)
    let hyperparameters = Hyperparameters(learningRate: learningRate, momentum: momentum)
    for state in states {
      steps.append(
        time(state.layer.name, "update") {
          _ = state.stepIsFinite
          state.update(hyperparameters, batchNormMomentum: network.architecture.batchNormMomentum)
          _ = state.valuesAreFinite
        })
    }
    return steps
  }

  /// `infer` of a full batch, timed piece by piece, in the order executed.
  public func profileInference() throws -> [TimedStep] {
    precondition(loaded != nil, "inference needs parameters")
    Engine.setThreads(threads)
    return try plan(for: batch).forward.flatMap { try profile($0) }
  }

  /// Executes steps in order; those of the same layer and pass are one in what is returned.
  private func profile(_ steps: [any PlanStep]) throws -> [TimedStep] {
    var profiled: [TimedStep] = []
    var places: [String: Int] = [:]
    var layer: String?
    for step in steps {
      let named = network.layers.first { step.name.hasPrefix($0.name + " ") }?.name
      // What names no layer, a reorder, is counted with the step before it.
      layer = named ?? layer
      let pass = named.map { String(step.name.dropFirst($0.count + 1)) } ?? step.name
      let began = ContinuousClock.now
      try step.execute()
      try engine.wait()
      let seconds = seconds(since: began)
      let key = "\(layer ?? "") \(pass)"
      if let place = places[key] {
        profiled[place].add(seconds, by: step.implementation)
      } else {
        places[key] = profiled.count
        profiled.append(
          TimedStep(layer: layer, pass: pass, implementation: step.implementation, seconds: seconds))
      }
    }
    return profiled
  }

  private func time(_ layer: String?, _ pass: String, _ body: () -> Void) -> TimedStep {
    let began = ContinuousClock.now
    body()
    return TimedStep(layer: layer, pass: pass, implementation: "strata", seconds: seconds(since: began))
  }

  private func seconds(since began: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - began) / .seconds(1)
  }
}

extension TimedStep {
  fileprivate mutating func add(_ seconds: Double, by implementation: String) {
    self.seconds += seconds
    if !self.implementation.split(separator: " ").contains(Substring(implementation)) {
      self.implementation += " \(implementation)"
    }
  }
}
