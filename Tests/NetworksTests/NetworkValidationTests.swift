import Foundation
import Networks
import Testing

@Suite struct NetworkValidationTests {
  private func problem(_ change: (inout Architecture) -> Void) -> String {
    var architecture = Architecture()
    change(&architecture)
    do {
      let network = try Network(architecture)
      return "accepted: \(network.layers.count) layers"
    } catch {
      return error.description
    }
  }

  @Test("Every impossible architecture is refused by name")
  func architectures() {
    #expect(
      problem { $0.factorization = .uniform(3) }
        == "factorization: block stage1.0: rate 3 does not divide its 64 input channels")
    #expect(
      problem { $0.factorization = .reversePyramid(48) }
        == "factorization: block stage1.0: rate 48 does not divide its 64 input channels")
    #expect(
      problem {
        $0.firstWidth = 24
        $0.stages[0].width = 32
        $0.factorization = .reversePyramid(2)
      }
        == "factorization: block stage1.1: initial rate 2 for 24 channels gives no whole rate for 32")
    #expect(
      problem { $0.factorization = .explicit([1, 2]) }
        == "factorization: 2 explicit rates for 8 blocks: give one rate for every block")
    #expect(
      problem { $0.factorization = .explicit([1, 1, 1, 0, 1, 1, 1, 1]) }
        == "factorization: block stage2.1: rate 0 does not divide its 128 input channels")
    #expect(
      problem { $0.factorization = .reversePyramid(.max) }
        == "factorization: block stage1.0: initial rate 9223372036854775807 for 64 channels gives no whole rate for 64"
    )
    #expect(problem { $0.inputSize = 3 } == "inputSize: 3: it must be 4 to 1024")
    #expect(
      problem { $0.inputSize = 30 }
        == "inputSize: 30 cannot be halved 2 times, once for every stage after the first")
    #expect(problem { $0.inputChannels = 0 } == "inputChannels: 0: it must be 1 to 4096")
    #expect(problem { $0.classes = 1 } == "classes: 1: it must be 2 to 100000")
    #expect(problem { $0.firstWidth = 0 } == "firstWidth: 0: it must be 1 to 16384")
    #expect(problem { $0.stages = [] } == "stages: 0 stages: there must be 1 to 8")
    #expect(
      problem { $0.stages[1].width = -1 } == "stages: width of stage 2 is -1: it must be 1 to 16384")
    #expect(problem { $0.stages[2].blocks = 0 } == "stages: blocks of stage 3 is 0: it must be 1 to 200")
    #expect(problem { $0.head = [128, 0] } == "head: hidden dense layer 2 is 0: it must be 1 to 100000")
    #expect(problem { $0.batchNormMomentum = 1 } == "batchNormMomentum: 1: it must be at least 0 and below 1")
    #expect(problem { $0.batchNormEpsilon = 0 } == "batchNormEpsilon: 0: it must be above 0")
    #expect(problem { $0.batchNormEpsilon = .nan } == "batchNormEpsilon: nan: it must be above 0")
  }

  @Test("The largest allowed network's costs do not overflow")
  func largest() {
    #expect(
      problem {
        $0.inputSize = 1024
        $0.firstWidth = 16_384
        $0.stages = [Stage](repeating: Stage(width: 16_384, blocks: 200), count: 8)
        $0.factorization = .uniform(2)
      } == "accepted: 3204 layers")
  }

  @Test(
    "A distribution needs a positive number",
    arguments: [
      (Initialization.Strategy.normal(standardDeviation: 0), "standard deviation 0"),
      (.uniform(bound: -1), "bound -1"), (.modifiedGlorotUniform(c: .infinity), "C inf"),
    ])
  func initializations(strategy: Initialization.Strategy, what: String) {
    var initialization = Initialization()
    initialization.strategy = strategy
    #expect(
      throws: (any Error).self, performing: { try initialization.validate() })
    do throws(NetworkSettingError) {
      try initialization.validate()
    } catch {
      #expect(error.description == "strategy: \(what): it must be above 0")
    }
  }

  @Test("Tagged settings and choices survive JSON, and name what would be right where they fail")
  func coding() throws {
    let schemes: [Factorization] = [.none, .depthwise, .uniform(4), .reversePyramid(2), .explicit([1, 2])]
    #expect(try JSONDecoder().decode([Factorization].self, from: JSONEncoder().encode(schemes)) == schemes)
    let strategies: [Initialization.Strategy] = [
      .normal(standardDeviation: 0.5), .uniform(bound: 1), .modifiedGlorotUniform(c: 36), .glorotUniform,
      .glorotNormal, .heUniform, .heNormal,
    ]
    let data = try JSONEncoder().encode(strategies)
    #expect(try JSONDecoder().decode([Initialization.Strategy].self, from: data) == strategies)
    #expect(failure([Downsampling].self, #"["strid"]"#) == "must be stride or maxPool")
    #expect(failure([Initialization.Scope].self, "[3]") == "must be spatial, pointwise or all")
    let forms = "must be none, depthwise, {uniform: 4}, {reversePyramid: 2} or {explicit: [1, 2, …]}"
    for text in [#"["dws"]"#, #"[{"uniform": 2, "explicit": []}]"#, "[4]", #"[{"unifrom": 4}]"#] {
      #expect(failure([Factorization].self, text) == forms)
    }
  }

  private func failure<T: Decodable>(_ type: T.Type, _ json: String) -> String? {
    do {
      _ = try JSONDecoder().decode(type, from: Data(json.utf8))
      return nil
    } catch DecodingError.dataCorrupted(let context) {
      return context.debugDescription
    } catch {
      return "\(error)"
    }
  }
}
