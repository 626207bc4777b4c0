public import Foundation
import Tensors

extension Dataset {
  /// CIFAR-10 in the official binary layout: `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin`, each
  /// 10,000 records of one label byte and 3 × 32 × 32 pixels.
  /// - Parameter directory: the directory that holds the files, or its parent holding `cifar-10-batches-bin`.
  /// - Throws: `DatasetError` naming the file that is missing, has another size, or has a label out of range.
  public static func cifar10(directory: URL) throws(DatasetError) -> Dataset {
    try CIFARLayout.cifar10.load(directory)
  }

  /// CIFAR-100 in the official binary layout: `train.bin` of 50,000 and `test.bin` of 10,000 records of a coarse
  /// label, a fine label and 3 × 32 × 32 pixels. The classes are the 100 fine labels.
  /// - Parameter directory: the directory that holds the files, or its parent holding `cifar-100-binary`.
  /// - Throws: `DatasetError` as `cifar10(directory:)`.
  public static func cifar100(directory: URL) throws(DatasetError) -> Dataset {
    try CIFARLayout.cifar100.load(directory)
  }
}

/// The files of one of the two CIFAR sets.
struct CIFARLayout {
  let name: String
  let title: String
  let folder: String
  let train: [String]
  let test: String
  let recordsPerTrainFile: Int
  /// One entry per label byte before the pixels: how many values it may take. The last one is the class.
  let labelRanges: [Int]

  static let testRecords = 10_000
  static let side = 32
  static let pixelBytes = ImageSet.channels * side * side

  static let cifar10 = CIFARLayout(
    name: "cifar10", title: "CIFAR-10", folder: "cifar-10-batches-bin",
    train: (1...5).map { "data_batch_\($0).bin" }, test: "test_batch.bin", recordsPerTrainFile: 10_000,
    labelRanges: [10])
  static let cifar100 = CIFARLayout(
    name: "cifar100", title: "CIFAR-100", folder: "cifar-100-binary", train: ["train.bin"], test: "test.bin",
    recordsPerTrainFile: 50_000, labelRanges: [20, 100])

  func load(_ directory: URL) throws(DatasetError) -> Dataset {
    let home = try locate(directory)
    return Dataset(
      name: name, train: try split(train, recordsPerTrainFile, in: home),
      test: try split([test], Self.testRecords, in: home))
  }

  /// Whether the directory, or the official folder in it, holds any of the files.
  func isIn(_ directory: URL) -> Bool {
    [directory, directory.appendingPathComponent(folder)].contains(where: holdsAny)
  }

  private func holdsAny(_ directory: URL) -> Bool {
    (train + [test]).contains {
      FileManager.default.fileExists(atPath: directory.appendingPathComponent($0).path)
    }
  }

  private func locate(_ directory: URL) throws(DatasetError) -> URL {
    let files = FileManager.default
    var isDirectory: ObjCBool = false
    guard files.fileExists(atPath: directory.path, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw DatasetError("\(directory.path): no such directory; expected \(title)'s binary files in it")
    }
    let wanted = train + [test]
    for candidate in [directory, directory.appendingPathComponent(folder)]
    where holdsAny(candidate) {
      return candidate
    }
    throw DatasetError(
      "\(directory.path): holds neither \(title)'s files (\(wanted.joined(separator: ", "))) nor a directory \(folder)"
    )
  }

  private func split(_ names: [String], _ records: Int, in home: URL) throws(DatasetError) -> ImageSet {
    let recordBytes = labelRanges.count + Self.pixelBytes
    var labels: [Int32] = []
    var places: [ImageSet.Place] = []
    var files: [DataFile] = []
    let bytes = AlignedBuffer<UInt8>(count: labelRanges.count)
    for name in names {
      let path = home.appendingPathComponent(name).path
      let file = try DataFile(path: path, size: records * recordBytes, of: "\(title) file")
      for r in 0..<records {
        try file.read(at: r * recordBytes, into: UnsafeMutableRawBufferPointer(bytes.buffer))
        for (byte, range) in labelRanges.enumerated() where bytes.base[byte] >= range {
          throw DatasetError(
            "\(path): record \(r) has label \(bytes.base[byte]) (byte \(byte)); \(title) labels are 0 to \(range - 1)"
          )
        }
        labels.append(Int32(bytes.base[labelRanges.count - 1]))
        places.append(ImageSet.Place(source: files.count, offset: r * recordBytes + labelRanges.count))
      }
      files.append(file)
    }
    return ImageSet(
      height: Self.side, width: Self.side, classes: labelRanges.last!, labels: labels, places: places,
      sources: files)
  }
}
