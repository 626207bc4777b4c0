public import Foundation

extension Dataset {
  /// The data sets a directory holds: CIFAR-10, CIFAR-100 or both.
  /// - Throws: `DatasetError` where it holds neither, or a file of one it holds is wrong.
  public static func all(in directory: URL) throws(DatasetError) -> [Dataset] {
    let layouts = [CIFARLayout.cifar10, .cifar100]
    let found = layouts.filter { $0.isIn(directory) }
    // With none found, the complaint is that of the more common set.
    var datasets: [Dataset] = []
    for layout in found.isEmpty ? [layouts[0]] : found { datasets.append(try layout.load(directory)) }
    return datasets
  }
}
