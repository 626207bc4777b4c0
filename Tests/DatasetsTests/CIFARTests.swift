import Datasets
import Foundation
import Testing

/// The official layouts, from files of the official size that are all zero but for what a test writes.
@Suite struct CIFARTests {
  private static let train10 = (1...5).map { "data_batch_\($0).bin" }
  private static let pixels = 3 * 32 * 32

  private func sparse(_ url: URL, bytes: Int, patches: [Int: [UInt8]] = [:]) throws {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    #expect(FileManager.default.createFile(atPath: url.path, contents: nil))
    let file = try FileHandle(forWritingTo: url)
    try file.truncate(atOffset: UInt64(bytes))
    for (offset, bytes) in patches {
      try file.seek(toOffset: UInt64(offset))
      try file.write(contentsOf: bytes)
    }
    try file.close()
  }

  private func makeCIFAR10(_ directory: URL) throws {
    for (n, name) in (Self.train10 + ["test_batch.bin"]).enumerated() {
      let last = 9_999 * (1 + Self.pixels)
      try sparse(
        directory.appendingPathComponent(name), bytes: 10_000 * (1 + Self.pixels),
        patches: [0: [UInt8(n), 10, 20], last: [9, 0, 0]])
    }
  }

  private func failure(_ load: () throws -> Dataset) -> String {
    do { return "loaded \(try load().name)" } catch { return "\(error)" }
  }

  @Test func readsRecordsInTheOrderOfTheFiles() throws {
    let scratch = try ScratchDirectory()
    try makeCIFAR10(scratch.url)
    let data = try Dataset.cifar10(directory: scratch.url)
    #expect(data.train.count == 50_000 && data.test.count == 10_000 && data.classes == 10)
    #expect((0..<5).map { data.train.labels[$0 * 10_000] } == [0, 1, 2, 3, 4])
    #expect(data.train.labels[49_999] == 9 && data.test.labels[0] == 5)
    #expect(try rawPixels(of: data.train, 10_000).prefix(3) == [10, 20, 0])
    #expect(try rawPixels(of: data.test, 9_999) == [UInt8](repeating: 0, count: Self.pixels))
  }

  @Test func acceptsTheParentDirectory() throws {
    let scratch = try ScratchDirectory()
    try makeCIFAR10(scratch.file("cifar-10-batches-bin"))
    #expect(try Dataset.cifar10(directory: scratch.url).train.count == 50_000)
  }

  @Test func cifar100UsesTheFineLabel() throws {
    let scratch = try ScratchDirectory()
    let record = 2 + Self.pixels
    try sparse(
      scratch.file("cifar-100-binary/train.bin"), bytes: 50_000 * record, patches: [record: [19, 99, 7]])
    try sparse(scratch.file("cifar-100-binary/test.bin"), bytes: 10_000 * record)
    let data = try Dataset.cifar100(directory: scratch.url)
    #expect(data.classes == 100 && data.train.count == 50_000 && data.test.count == 10_000)
    #expect(data.train.labels[1] == 99)
    #expect(try rawPixels(of: data.train, 1).prefix(2) == [7, 0])
    try sparse(
      scratch.file("cifar-100-binary/test.bin"), bytes: 10_000 * record, patches: [3 * record: [20, 5]])
    let message = failure { try .cifar100(directory: scratch.url) }
    #expect(message.contains("test.bin: record 3 has label 20 (byte 0); CIFAR-100 labels are 0 to 19"))
  }

  @Test func namesWhatIsWrong() throws {
    let scratch = try ScratchDirectory()
    let absent = scratch.file("nowhere")
    #expect(failure { try .cifar10(directory: absent) }.hasPrefix("\(absent.path): no such directory"))
    #expect(failure { try .cifar10(directory: scratch.url) }.contains("nor a directory cifar-10-batches-bin"))
    try makeCIFAR10(scratch.url)
    let third = scratch.file("data_batch_3.bin")
    let bytes = 10_000 * (1 + Self.pixels)
    try sparse(third, bytes: bytes - 1)
    #expect(
      failure { try .cifar10(directory: scratch.url) }
        == "\(third.path): \(bytes - 1) bytes, but a CIFAR-10 file has exactly \(bytes) bytes (truncated or incomplete)"
    )
    try sparse(third, bytes: bytes, patches: [5 * (1 + Self.pixels): [10]])
    #expect(failure { try .cifar10(directory: scratch.url) }.contains("record 5 has label 10"))
    try FileManager.default.removeItem(at: third)
    #expect(
      failure { try .cifar10(directory: scratch.url) }.hasPrefix("\(third.path): No such file or directory"))
    try FileManager.default.createDirectory(at: third, withIntermediateDirectories: false)
    #expect(failure { try .cifar10(directory: scratch.url) }.hasPrefix("\(third.path): not a regular file"))
  }

  /// A file cut short while it is in use is an error that names it, in whoever reads it.
  @Test func aFileThatBecomesShorterIsAnError() throws {
    let scratch = try ScratchDirectory()
    try makeCIFAR10(scratch.url)
    let data = try Dataset.cifar10(directory: scratch.url)
    let second = scratch.file("data_batch_2.bin")
    try FileHandle(forWritingTo: second).truncate(atOffset: 100)
    let message = { (read: () throws -> Void) in
      do { try read() } catch { return "\(error)" }
      return "read"
    }
    let expected = "\(second.path): cannot read byte 100: the file has become shorter"
    #expect(message { _ = try rawPixels(of: data.train, 9_999) } == "read")
    #expect(message { _ = try rawPixels(of: data.train, 10_000) } == expected)
    let loader = BatchLoader(evaluating: data.train, scaling: .unit, batch: 9_999)
    let pipeline = BatchPipeline(loader, ahead: 1)
    pipeline.start(epoch: 1)
    #expect(try pipeline.next()?.count == 9_999)
    for _ in 0..<2 { #expect(message { _ = try pipeline.next() } == expected) }
    pipeline.stop()
    #expect(message { _ = try data.fingerprint() } == expected)
  }
}
