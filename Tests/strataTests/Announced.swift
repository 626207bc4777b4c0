import Coordinator
import Foundation
import ZeroMQ

enum Announced {
  /// The endpoint of the store's coordinator, waited for.
  static func endpoint(of store: URL) async throws -> String {
    var endpoint: String?
    try await waitUntil("the announcement of \(store.lastPathComponent)'s coordinator", seconds: 30) {
      endpoint = Announcement.read(store: store.path)?.localEndpoint?.description
      return endpoint != nil
    }
    return endpoint!
  }
}
