import ArgumentParser
import Foundation
import ZeroMQ

struct KeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Make a key for a coordinator or a worker.",
    discussion: """
      Writes FILE, a secret key that only you may read, and FILE.pub, the public key that others know its holder by; in
      a folder they are named strata.key and strata.key.pub. Every worker, or every machine, has a key of its own.

      EXAMPLES
        strata keygen coordinator.key
        strata keygen node7.key && strata workers allow node7.key.pub --name node7 --worker-keys workers.keys
        strata coordinator my-sweep.yaml --listen 0.0.0.0 --key coordinator.key --worker-keys workers.keys
        strata worker --connect tcp://HOST:5555 --key node7.key --coordinator-key coordinator.key.pub
      """)

  @Argument(help: "The file to write, or a folder to write to.", completion: .file())
  var file: String

  func run() throws {
    var isFolder = ObjCBool(false)
    var path = file
    if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue {
      path = URL(fileURLWithPath: file).appendingPathComponent("strata.key").relativePath
    }
    let keys = try CurveKeyPair()
    try KeyFile.create(keys, at: path)
    print("secret key: \(path)")
    print("public key: \(KeyFile.publicPath(path))  \(keys.publicKey)")
  }
}
