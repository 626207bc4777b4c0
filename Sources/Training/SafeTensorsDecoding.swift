public import Foundation
import Tensors

/// Why bytes are not a safetensors file this program reads.
public struct SafeTensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = "not a readable safetensors file: \(description)" }
}

extension SafeTensorsFile {
  /// Reads a file's bytes; any bytes may be given.
  /// - Throws: `SafeTensorsError` unless the header fits, every tensor is F32, its shape agrees with its bytes,
  ///   and the tensors cover the data exactly, without overlap.
  public init(decoding data: Data) throws(SafeTensorsError) {
    guard data.count >= 8 else {
      throw SafeTensorsError("\(data.count) bytes; the header length alone takes 8")
    }
    let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.largestHeader, length <= UInt64(data.count - 8) else {
      throw SafeTensorsError(
        "the header is said to take \(length) bytes; \(data.count - 8) follow, and \(Self.largestHeader) is the most"
      )
    }
    let header: SafeTensorsHeader
    do {
      header = try JSONDecoder().decode(
        SafeTensorsHeader.self, from: Data(data.dropFirst(8).prefix(Int(length))))
    } catch {
      throw SafeTensorsError("the header is not the JSON it should be: \(Self.reason(error))")
    }
    let body = data.dropFirst(8 + Int(length))
    var next = 0
    var tensors: [(name: String, tensor: Tensor)] = []
    let inOrder = header.tensors.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    for (name, entry) in inOrder {
      let count = try entry.check(name: name, after: next, within: body.count)
      next = entry.end
      let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        let start = body.startIndex + entry.begin
        body.copyBytes(to: UnsafeMutableRawBufferPointer(buffer), from: start..<start + 4 * count)
        initialized = count
      }
      tensors.append((name, Tensor(shape: Shape(entry.shape), values: values)))
    }
    guard next == body.count else {
      throw SafeTensorsError("\(body.count - next) bytes at its end belong to no tensor")
    }
    self.init(tensors: tensors, metadata: header.metadata)
  }

  /// Reads a file.
  /// - Throws: `SafeTensorsError`, or what Foundation throws for a file that cannot be read.
  public init(contentsOf url: URL) throws { try self.init(decoding: Data(contentsOf: url)) }

  /// The reference implementation's limit.
  private static let largestHeader: UInt64 = 100_000_000

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
      DecodingError.keyNotFound(_, let context), DecodingError.valueNotFound(_, let context):
      (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
    default: "\(error)"
    }
  }
}

private struct SafeTensorsHeader: Decodable {
  var metadata: [String: String] = [:]
  var tensors: [String: SafeTensorsEntry] = [:]

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    for key in fields.allKeys {
      if key.stringValue == SafeTensorsFile.metadataKey {
        metadata = try fields.decode([String: String].self, forKey: key)
      } else {
        tensors[key.stringValue] = try fields.decode(SafeTensorsEntry.self, forKey: key)
      }
    }
  }
}

private struct SafeTensorsEntry: Decodable {
  let dtype: String
  let shape: [Int]
  let begin: Int
  let end: Int

  enum CodingKeys: String, CodingKey {
    case dtype, shape
    case offsets = "data_offsets"
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    dtype = try fields.decode(String.self, forKey: .dtype)
    shape = try fields.decode([Int].self, forKey: .shape)
    let offsets = try fields.decode([Int].self, forKey: .offsets)
    guard offsets.count == 2 else {
      throw DecodingError.dataCorruptedError(
        forKey: .offsets, in: fields, debugDescription: "\(offsets.count) offsets; begin and end are needed")
    }
    (begin, end) = (offsets[0], offsets[1])
  }

  /// The tensor's number of elements, once type, shape and place are found right.
  func check(name: String, after previous: Int, within size: Int) throws(SafeTensorsError) -> Int {
    guard dtype == "F32" else {
      throw SafeTensorsError("tensor \(name) is \(dtype); only F32 is read")
    }
    guard begin == previous, end >= begin, end <= size else {
      throw SafeTensorsError(
        "tensor \(name) lies at bytes \(begin) to \(end); it should begin at \(previous) and end within \(size)"
      )
    }
    var bytes = 4
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else {
        throw SafeTensorsError("tensor \(name) has the impossible shape \(shape)")
      }
      bytes = product
    }
    guard bytes == end - begin else {
      throw SafeTensorsError(
        "tensor \(name) of shape \(shape) takes \(bytes) bytes, but \(end - begin) are given")
    }
    return bytes / 4
  }
}
