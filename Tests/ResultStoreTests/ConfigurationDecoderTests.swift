import Sweeps
import Testing

@testable import ResultStore

@Suite struct ConfigurationDecoderTests {
  @Test func configurationsComeBackWhole() throws {
    let decoder = ConfigurationDecoder()
    for shipped in ShippedSweeps.all {
      for trial in try shipped.sweep().trials {
        let json = trial.configuration.canonicalJSON
        #expect(ConfigurationDecoder.sections(json)?.count == 7)
        #expect(try decoder.decode(json) == trial.configuration)
      }
    }
  }

  @Test(arguments: [
    "", "{", "{}", "[]", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#, #"{"a":[1}"#, #"{"a":"\"}"#, #"{:1}"#,
    #"{"":1,}"#, "{:}",
    #"{"analysis":{},"data":{}}"#,
  ])
  func whatIsNoConfigurationIsRefused(text: String) {
    #expect(throws: (any Error).self) { try ConfigurationDecoder().decode(text) }
  }

  @Test func damagedTextIsRefusedOrDecodesAsItStands() throws {
    let json = Array(TrialConfiguration().canonicalJSON.utf8)
    var state: UInt64 = 3
    for _ in 0..<5000 {
      var bytes = json
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: 0x20 + (state >> 20) % 95)
      let text = String(decoding: bytes, as: UTF8.self)
      let whole = try? TrialConfiguration(canonicalJSON: text)
      let decoded = try? ConfigurationDecoder().decode(text)
      if let whole, let decoded { #expect(whole == decoded) }
    }
  }
}
