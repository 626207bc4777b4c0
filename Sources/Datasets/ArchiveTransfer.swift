import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP download into a sink.
///
/// `@unchecked Sendable`: URLSession calls the delegate on one serial queue, and nothing else touches the state
/// after `run` has begun.
final class ArchiveTransfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let address: URL
  private let sink: ArchiveSink
  private let timeout: Duration
  private let progress: @Sendable (Int64, Int64?) -> Void
  private var received: Int64 = 0
  private var expected: Int64?
  private var failure: (any Error)?
  private var continuation: CheckedContinuation<Void, any Error>?

  init(
    from address: URL, to sink: ArchiveSink, timeout: Duration,
    progress: @escaping @Sendable (Int64, Int64?) -> Void
  ) {
    self.address = address
    self.sink = sink
    self.timeout = timeout
    self.progress = progress
  }

  /// Returns when every byte is in the sink; cancelling the task cancels the transfer.
  func run() async throws {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeout / .seconds(1)
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
    let task = session.dataTask(with: address)
    defer { session.finishTasksAndInvalidate() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        self.continuation = continuation
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    if let http = response as? HTTPURLResponse, http.statusCode != 200 {
      let words = HTTPURLResponse.localizedString(forStatusCode: http.statusCode)
      failure = DatasetError("\(address.absoluteString): the server answered \(http.statusCode) \(words)")
      completionHandler(.cancel)
      return
    }
    expected = response.expectedContentLength > 0 ? response.expectedContentLength : nil
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil else { return }
    do {
      try sink.write(data)
      received += Int64(data.count)
      progress(received, expected)
    } catch {
      failure = error
      dataTask.cancel()
    }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let result: Result<Void, any Error>
    if let failure {
      result = .failure(failure)
    } else if let error {
      result = .failure(
        DatasetError(
          "\(address.absoluteString): download failed after \(received) bytes: \(error.localizedDescription)")
      )
    } else if let expected, received != expected {
      result = .failure(
        DatasetError("\(address.absoluteString): the server closed after \(received) of \(expected) bytes"))
    } else {
      result = .success(())
    }
    continuation?.resume(with: result)
    continuation = nil
  }
}
