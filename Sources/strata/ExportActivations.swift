import ArgumentParser
import Datasets
import Foundation
import Networks
import Quantization
import ResultStore
import Tensors
import Worker

/// `strata export activations`: every level of the integer network, to compare with other programs'.
struct ExportActivations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activations",
    abstract: "Write the quantized network's integers, of every layer, on test images as NumPy files.",
    discussion: """
      The folder gets image.npy, the quantized images, and LAYER.npy for every layer: unsigned integers, \
      N x C x H x W (N x C of dense layers), which stand for scale * (level - zero point). scripts/check-export \
      compares them with ONNX Runtime's.
      """)

  @OptionGroup var arguments: StoredTrialArguments
  @Option(help: "The first so many test images.")
  var images = 1000

  private static let batch = 64

  func validate() throws {
    guard images > 0 else { throw ValidationError("--images \(images): at least 1 is needed") }
  }

  func run() throws {
    let stored = try arguments.load()
    let trained = stored.trained
    let network = trained.network
    let count = min(images, trained.test.set.count)
    let integer = try IntegerNetwork(
      network, folded: foldBatchNorm(trained.parameters, of: network), calibration: stored.calibration,
      options: trained.options)
    let names = ["image"] + network.layers.map(\.name)
    let folder = try arguments.prepare(files: names.map { "\($0).npy" })
    let a = network.architecture
    let shapes =
      [[a.inputChannels, a.inputSize, a.inputSize]]
      + network.layers.map {
        $0.isDense ? [$0.outChannels] : [$0.outChannels, $0.outputSize, $0.outputSize]
      }
    let files = try zip(names, shapes).map { name, shape in
      try LevelFile(
        folder.appendingPathComponent("\(name).npy"), shape: [count] + shape,
        bits: trained.options.activationBits)
    }
    let pixels = AlignedBuffer<Float>(count: Self.batch * trained.test.set.valuesPerImage)
    let labels = AlignedBuffer<Int32>(count: Self.batch)
    let levels = LevelBuffer(of: network, images: Self.batch, bits: trained.options.activationBits)
    for start in stride(from: 0, to: count, by: Self.batch) {
      let now = min(Self.batch, count - start)
      let indices = (start..<start + now).map { Int32($0) }
      try trained.test.load(indices[...], images: pixels.buffer, labels: labels.buffer)
      integer.quantize(images: UnsafeBufferPointer(pixels.buffer), count: now, into: levels)
      try files[0].append(levels, images: now)
      for layer in network.layers.indices {
        try integer.run(layer: layer, levels, count: now)
        try files[layer + 1].append(levels, images: now)
      }
    }
    for file in files { try file.close() }
    print("\(stored.record.label), \(count) test images, \(names.count) files: \(arguments.output)")
  }
}

/// A NumPy file of unsigned levels, written image by image: bytes, or 16 bits where levels have more than 8.
/// (Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0.)
private struct LevelFile {
  private let handle: FileHandle
  private let channels: Int
  private let pixels: Int
  private let isWide: Bool

  /// - Parameter shape: N, C, and the extents of the rest.
  init(_ url: URL, shape: [Int], bits: Int) throws {
    channels = shape[1]
    pixels = shape.dropFirst(2).reduce(1, *)
    isWide = bits > 8
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw CommandError("cannot write \(url.path)")
    }
    handle = try FileHandle(forWritingTo: url)
    let extents = shape.map { "\($0)" }.joined(separator: ", ")
    var header = "{'descr': '\(isWide ? "<u2" : "|u1")', 'fortran_order': False, 'shape': (\(extents)), }"
    // Magic, version and length are 10 bytes; all together are a multiple of 64.
    header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
    withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    try handle.write(contentsOf: data + Data(header.utf8))
  }

  /// - Parameter levels: images × pixels × channels.
  func append(_ levels: LevelBuffer, images: Int) throws {
    if isWide {
      try write(levels, images: images, as: UInt16.self)
    } else {
      try write(levels, images: images, as: UInt8.self)
    }
  }

  private func write<Level: FixedWidthInteger>(
    _ levels: LevelBuffer, images: Int, as: Level.Type
  ) throws {
    var moved = [Level](repeating: 0, count: images * pixels * channels)
    moved.withUnsafeMutableBufferPointer { moved in
      for image in 0..<images {
        for p in 0..<pixels {
          let first = (image * pixels + p) * channels
          for c in 0..<channels {
            moved[(image * channels + c) * pixels + p] = Level(truncatingIfNeeded: levels[first + c])
          }
        }
      }
    }
    try handle.write(contentsOf: moved.withUnsafeBytes { Data($0) })
  }

  func close() throws { try handle.close() }
}
