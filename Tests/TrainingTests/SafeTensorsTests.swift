import Foundation
import Tensors
import Testing
import Training

@Suite struct SafeTensorsTests {
  private static let example = SafeTensorsFile(
    tensors: [
      (
        "conv1.weight",
        Tensor(shape: [2, 1, 1, 3], values: [1, -2.5, 3e-20, .greatestFiniteMagnitude, 0, -0.0])
      ),
      ("conv1.bias", Tensor(shape: [2], values: [0.1, 7])),
      ("empty", Tensor(shape: [0, 4], values: [])),
      ("scalar", Tensor(shape: [], values: [42])),
    ],
    metadata: ["epoch": "5", "odd \"key\"\\\n": "é 漢 \u{1}"])

  /// A file from a header and its body.
  private func bytes(_ header: String, body: Int = 0) -> Data {
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data.append(contentsOf: Array(header.utf8))
    data.append(Data(count: body))
    return data
  }

  private func refusal(_ data: Data) -> String {
    do throws(SafeTensorsError) {
      return "decoded \(try SafeTensorsFile(decoding: data).tensors.map(\.name))"
    } catch {
      return error.description
    }
  }

  @Test func whatIsEncodedIsDecoded() throws {
    let file = try SafeTensorsFile(decoding: Self.example.encoded())
    #expect(file.metadata == Self.example.metadata)
    #expect(file.tensors.map(\.name) == Self.example.tensors.map(\.name))
    #expect(file.tensors.map(\.tensor.shape) == Self.example.tensors.map(\.tensor.shape))
    #expect(
      file.tensors.map { $0.tensor.values.map(\.bitPattern) }
        == Self.example.tensors.map { $0.tensor.values.map(\.bitPattern) })
    #expect(file["conv1.bias"]?.values == [0.1, 7] && file["nothing"] == nil)
  }

  /// The layout by hand: length, header padded with spaces to a multiple of 8, bytes.
  @Test func bytesAreThoseOfTheFormat() {
    let file = SafeTensorsFile(
      tensors: [("a", Tensor(shape: [1, 2], values: [1, -2]))], metadata: ["b": "c"])
    let header =
      #"{"__metadata__":{"b":"c"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(padded.utf8.count % 8 == 0)
    let expected = bytes(padded) + Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    #expect(file.encoded() == expected)
  }

  @Test(
    .enabled(
      if: pythonHasSafeTensors,
      "python3 with the packages safetensors and numpy is not installed: not compared"))
  func pythonReadsTheSame() throws {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: scratch) }
    try Self.example.write(to: scratch)
    let script = try #require(
      Bundle.module.url(forResource: "read_safetensors", withExtension: "py", subdirectory: "Fixtures"))
    struct Found: Decodable {
      struct Entry: Decodable { var shape: [Int], values: [Float] }
      var metadata: [String: String], tensors: [String: Entry]
    }
    let output = try #require(python([script.path, scratch.path]))
    let found = try JSONDecoder().decode(Found.self, from: output)
    #expect(found.metadata == Self.example.metadata)
    #expect(found.tensors.count == Self.example.tensors.count)
    for (name, tensor) in Self.example.tensors {
      #expect(found.tensors[name]?.shape == tensor.shape.extents)
      #expect(found.tensors[name]?.values == tensor.values)
    }
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4, "tensor a is F16; only F32 is read"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
      "of shape [2] takes 8 bytes, but 4 are given"
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3, "it should begin at 0 and end within 3"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "4 bytes at its end belong to no tensor"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "it should begin at 0"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 8, "it should begin at 0"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}}"#, 8, "it should begin at 0"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 8, "3 offsets; begin and end are needed"),
    (#"{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}"#, 4, "impossible shape [-1, -1]"),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0,
      "impossible shape [4611686018427387904, 4]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4,
      "the header is not the JSON it should be"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4,
      "the header is not the JSON it should be"
    ),
    (#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, "shape"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      12, "tensor b lies at bytes 4 to 12; it should begin at 8"
    ),
    (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__"),
    (#"{"a":7}"#, 0, "the header is not the JSON it should be"),
    (#"[1]"#, 0, "the header is not the JSON it should be"),
    (#"{"a""#, 0, "the header is not the JSON it should be"),
    ("", 0, "the header is not the JSON it should be"),
  ])
  func wrongFilesAreRefused(header: String, body: Int, reason: String) {
    let message = refusal(bytes(header, body: body))
    #expect(message.hasPrefix("not a readable safetensors file: ") && message.contains(reason), "\(message)")
  }

  @Test func lengthsThatCannotBeAreRefused() {
    #expect(refusal(Data()).contains("0 bytes; the header length alone takes 8"))
    #expect(refusal(Data(count: 7)).contains("7 bytes"))
    #expect(refusal(Data(repeating: 0xFF, count: 16)).contains("18446744073709551615 bytes; 8 follow"))
    let deep = String(repeating: "[", count: 100_000)
    #expect(refusal(bytes(deep)).contains("not the JSON"))
  }

  /// Every truncation is refused, and no single changed byte crashes the decoder.
  @Test func damagedFilesAreSurvived() throws {
    let good = SafeTensorsFile(
      tensors: [("a", Tensor(shape: [1, 2], values: [1, 2])), ("b", Tensor(shape: [1], values: [3]))]
    ).encoded()
    for length in 0..<good.count { #expect(refusal(good.prefix(length)).hasPrefix("not a readable")) }
    var stream = RandomStream(seed: 1, purpose: .weights)
    var decoded = 0
    for position in 0..<good.count {
      var bad = good
      bad[position] ^= UInt8(1 + stream.index(below: 255))
      if (try? SafeTensorsFile(decoding: bad))?.tensors.map(\.tensor.shape.count).reduce(0, +) == 3 {
        decoded += 1
      }
    }
    // A change in the 12 bytes of values, or of a name, still makes a file.
    #expect(decoded >= 12)
  }

  @Test func decodesASliceThatDoesNotStartAtZero() throws {
    let padded = Data([1, 2, 3]) + Self.example.encoded()
    #expect(try SafeTensorsFile(decoding: padded.dropFirst(3))["conv1.bias"]?.values == [0.1, 7])
  }
}

private let pythonHasSafeTensors = python(["-c", "import numpy, safetensors"]) != nil

/// What python3 prints, or nil where it fails or is missing.
private func python(_ arguments: [String]) -> Data? {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3"] + arguments
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 0 ? output : nil
}
