import ArgumentParser
import Datasets
import Dispatch
import Foundation
import Synchronization

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Download data sets and check them.",
    subcommands: [Fetch.self, Check.self])

  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download CIFAR-10 or CIFAR-100, check its published MD5 and unpack it.")

    @Argument(help: "cifar10 or cifar100.")
    var name: DatasetName
    @Option(help: "Folder to unpack into.", completion: .directory)
    var to = "data"
    @Option(help: "Download from a mirror: the URL of the folder that holds the archive.")
    var mirror: String?

    func validate() throws {
      if let mirror, URL(string: mirror)?.scheme == nil {
        throw ValidationError("--mirror \(mirror): not a URL; write it like https://example.org/cifar/")
      }
    }

    func run() throws {
      let archive = DatasetArchive.all.first { $0.name == name.rawValue }!
      let download = DatasetDownload(
        archive, into: URL(fileURLWithPath: to),
        base: mirror.flatMap(URL.init(string:)) ?? DatasetDownload.officialBase)
      let progress = DownloadProgress(archive.fileName)
      let folder = try waiting { try await download.run { progress.show(bytes: $0, of: $1) } }
      progress.finish()
      print(folder.path)
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check the data sets in a folder, file by file.")

    @Argument(help: "Folder that holds CIFAR-10, CIFAR-100 or both.", completion: .directory)
    var folder: String

    func run() throws {
      for dataset in try Dataset.all(in: URL(fileURLWithPath: folder)) {
        print(
          "\(dataset.name): \(dataset.train.count) training and \(dataset.test.count) test images, "
            + "\(dataset.classes) classes, SHA-256 \(try dataset.fingerprint())")
      }
    }
  }
}

enum DatasetName: String, ExpressibleByArgument, CaseIterable { case cifar10, cifar100 }

/// Runs asynchronous work to its end from the main thread.
private func waiting<Success: Sendable>(_ body: @escaping @Sendable () async throws -> Success) throws
  -> Success
{
  let done = DispatchSemaphore(value: 0)
  let result = Mutex<Result<Success, any Error>?>(nil)
  Task.detached {
    let outcome: Result<Success, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    result.withLock { $0 = outcome }
    done.signal()
  }
  done.wait()
  return try result.withLock { $0! }.get()
}
