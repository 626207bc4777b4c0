import Benchmarks
import Foundation
import Reporting
import Training

func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

extension Spread {
  /// `812 (790–830)`.
  var text: String { "\(fixed(median, 0)) (\(fixed(least, 0))–\(fixed(most, 0)))" }
}

extension MachinePeaks {
  var text: String {
    "peaks, threads \(threads): \(fixed(gigaflops, 0)) GFLOP/s fp32, \(fixed(byteGigaops, 0)) GOP/s in bytes, "
      + "\(fixed(gigabytes, 1)) GB/s"
  }
}

extension NetworkBenchmark {
  var text: String {
    """
    \(kind.rawValue), batch \(batch), threads \(threads), \(Processor.instructionSet)
    \(imagesPerSecond.text) images/s; at the peak of direct arithmetic \(fixed(limit, 0))
    \(peaks.text)

    \(profile.text)
    """
  }
}

extension Profile {
  /// Every row, in order, and the sum.
  var text: String {
    var table = TextTable(
      columns: [
        .init("layer"), .init("pass"), .init("ms", .right), .init("of all", .right),
        .init("GFLOP/s", .right), .init("GB/s", .right), .init("of limit", .right), .init("implementation"),
      ])
    for row in rows {
      table.append([
        row.layer ?? "", row.pass, fixed(1e3 * row.seconds, 3), percent(row.seconds / seconds),
        row.gigaops.map { fixed($0, 0) } ?? "", row.gigabytes.map { fixed($0, 1) } ?? "",
        row.ofLimit.map(percent) ?? "", row.implementation,
      ])
    }
    table.append(["all", "", fixed(1e3 * seconds, 3), percent(1), "", "", "", ""])
    return table.text
  }
}

extension EvaluationBenchmark {
  var text: String {
    var table = TextTable(columns: [.init("part"), .init("s", .right), .init("of an epoch", .right)])
    let rows: [(part: String, seconds: Double)] = [
      ("compilation", parts.compilation), ("weights", parts.weights),
      ("fp32, \(images.test) test images", parts.fp32),
      ("calibration and statistics, \(images.calibration) images", parts.calibration),
      ("sensitivity, \(images.sensitivity) images", parts.sensitivity),
      ("integer, \(images.test) test images", parts.integer), ("evaluation", parts.all),
      ("of it statistics alone (D1–D7)", statistics),
      ("epoch, \(images.training) images", trainingSeconds),
    ]
    for row in rows {
      table.append([row.part, fixed(row.seconds, 2), percent(row.seconds / trainingSeconds)])
    }
    return "threads \(threads), \(Processor.instructionSet)\n\n" + table.text
  }
}

extension AugmentedTraining {
  var text: String {
    """
    threads \(threads), \(Processor.instructionSet)
    training on one batch again and again: \(plain.text) images/s
    training on augmented images: \(augmented.text) images/s; \(fixed(100 * waiting, 2)) % of the time it waited for them
    """
  }
}

private func percent(_ part: Double) -> String { fixed(100 * part, 1) + " %" }
