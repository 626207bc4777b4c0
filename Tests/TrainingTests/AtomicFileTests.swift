import Foundation
import Testing
import Training

@Suite struct AtomicFileTests {
  private func withDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  private func entries(_ directory: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  @Test func replacesAFileWhole() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("x")
      try AtomicFile.write(Data("first, longer".utf8), to: url)
      try AtomicFile.write(Array("second".utf8), to: url)
      #expect(try String(contentsOf: url, encoding: .utf8) == "second")
      #expect(try entries(directory) == ["x"])
    }
  }

  @Test func aFailureNamesTheFileAndLeavesNothing() throws {
    try withDirectory { directory in
      let occupied = directory.appendingPathComponent("occupied")
      try FileManager.default.createDirectory(at: occupied, withIntermediateDirectories: true)
      #expect(throws: FileError(path: occupied.path, operation: "replace", code: EISDIR)) {
        try AtomicFile.write(Data([1]), to: occupied)
      }
      #expect(try entries(directory) == ["occupied"])
      let nowhere = directory.appendingPathComponent("missing/x")
      let error = #expect(throws: FileError.self) { try AtomicFile.write(Data([1]), to: nowhere) }
      #expect(error?.description == "\(nowhere.path): cannot create: No such file or directory")
    }
  }
}
