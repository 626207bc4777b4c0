import Foundation
import LayerAnalysis
import Networks
import ResultStore
import Sweeps
import Testing

@Suite struct ExportTests {
  let directory = try! TemporaryDirectory()

  /// Reads RFC 4180 by its grammar; a field is nil where it is empty and unquoted.
  private func parse(_ path: String) throws -> [[String?]] {
    let text = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    var records: [[String?]] = []
    var record: [String?] = []
    var i = 0
    while i < text.count {
      var field: [UInt8] = []
      let isQuoted = text[i] == UInt8(ascii: "\"")
      if isQuoted {
        i += 1
        while true {
          if text[i] == UInt8(ascii: "\"") {
            if text[i + 1] != UInt8(ascii: "\"") { break }
            i += 1
          }
          field.append(text[i])
          i += 1
        }
        i += 1
      } else {
        while text[i] != UInt8(ascii: ","), text[i] != UInt8(ascii: "\r") {
          #expect(text[i] != UInt8(ascii: "\""), "an unquoted quote")
          field.append(text[i])
          i += 1
        }
      }
      record.append(field.isEmpty && !isQuoted ? nil : String(decoding: field, as: UTF8.self))
      if text[i] == UInt8(ascii: ",") {
        i += 1
      } else {
        #expect(text[i] == UInt8(ascii: "\r") && text[i + 1] == UInt8(ascii: "\n"), "a record ends with CRLF")
        i += 2
        records.append(record)
        record = []
      }
    }
    return records
  }

  @Test func everyValueCanBeReadBack() throws {
    var trial = try Samples.trial()
    trial.label = "quotes \" commas, and\r\nlines"
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 2, seed: 8)
    snapshot.testLoss = .nan
    snapshot.trainLoss = nil
    snapshot.layers[1].statistics.minimum = -0.0
    snapshot.layers[1].statistics.maximum = .infinity
    try store.write { batch throws in
      try batch.saveSnapshot(trial: trial.id, attempt: 1, snapshot)
      try batch.setSetting("empty", "")
    }
    let target = directory.file("csv")
    try StoreExport.csv(store, directory: target)

    let trials = try parse("\(target)/trial.csv")
    #expect(Set(trials.map(\.count)).count == 1)
    #expect(trials[1][trials[0].firstIndex(of: "label")!] == trial.label)
    #expect(trials[1][trials[0].firstIndex(of: "configuration")!] == trial.json)
    #expect(trials[1][trials[0].firstIndex(of: "message")!] == nil)
    #expect(try parse("\(target)/setting.csv")[1] == ["empty", ""])

    let snapshots = try parse("\(target)/snapshot.csv")
    #expect(snapshots[1][snapshots[0].firstIndex(of: "test_loss")!] == "nan")
    #expect(snapshots[1][snapshots[0].firstIndex(of: "train_loss")!] == nil)

    let layers = try parse("\(target)/layer_statistics.csv")
    let expected = snapshot.layers.sorted { ($0.draw, $0.index) < ($1.draw, $1.index) }
    #expect(layers.count == expected.count + 1)
    for (record, layer) in zip(layers.dropFirst(), expected) {
      func value(_ column: String) -> String? { record[layers[0].firstIndex(of: column)!] }
      #expect(value("kind") == layer.kind.rawValue)
      #expect(Double(value("mean")!)?.bitPattern == layer.statistics.mean.bitPattern)
      #expect(Float(value("minimum")!)?.bitPattern == layer.statistics.minimum.bitPattern)
      #expect(Float(value("maximum")!)?.bitPattern == layer.statistics.maximum.bitPattern)
      #expect(value("kurtosis").flatMap(Double.init) == layer.statistics.kurtosis)
      #expect(value("histogram")!.split(separator: " ").map { UInt32($0) } == layer.statistics.histogram)
    }
    let channels = try parse("\(target)/layer_channels.csv")
    let bounds = expected.flatMap { layer in
      zip(layer.statistics.channelLower, layer.statistics.channelUpper).map { [$0, $1] }
    }
    #expect(channels.dropFirst().map { $0.suffix(2).map { Float($0!)! } } == bounds)
  }

  @Test func theSameStoreGivesTheSameFiles() throws {
    let trials = try (1...3).map { try Samples.trial(seed: $0) }
    let store = try Store.sample(directory.file("a.store"), trials: trials)
    for (i, trial) in trials.enumerated() {
      try store.fill(trial, epochs: [0, 1], seed: UInt64(i), outcome: .completed)
    }
    let targets = ["one", "two"].map(directory.file)
    for target in targets { try StoreExport.csv(store, directory: target) }
    let names = try FileManager.default.contentsOfDirectory(atPath: targets[0]).sorted()
    #expect(names.contains("table_4_2.csv") && names.contains("spread.csv") && names.contains("attempt.csv"))
    for name in names {
      let files = try targets.map { try Data(contentsOf: URL(fileURLWithPath: "\($0)/\(name)")) }
      #expect(files[0] == files[1], "\(name)")
    }
  }

  @Test func aDirectoryThatHoldsSomethingIsLeftAlone() throws {
    let store = try Store.open(directory.file("a.store"))
    let target = directory.file("csv")
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    try StoreExport.csv(store, directory: target)
    #expect(throws: StoreError.exists(path: target)) { try StoreExport.csv(store, directory: target) }
    #expect(throws: StoreError.self) { try StoreExport.csv(store, directory: directory.file("no/such/csv")) }
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(left.filter { $0.contains("exporting") }.isEmpty)
  }
}
