import Foundation
import Tensors

/// Prepares an epoch's batches on a thread of its own, ahead of their use. What it delivers is what
/// `BatchLoader.fill` gives; the thread only decides when.
///
/// Used from one thread: `start` an epoch, call `next` until it returns nil, `start` the following one.
/// Dropping the pipeline, or `stop`, ends its thread.
public final class BatchPipeline {
  /// A batch ready for use; its memory is valid until the following `next`, `start` or `stop`.
  public struct Batch {
    /// Position in the epoch, from 0.
    public let number: Int
    /// Images it holds.
    public let count: Int
    /// count × 3 × height × width.
    public let images: UnsafeMutableBufferPointer<Float>
    /// count labels.
    public let labels: UnsafeMutableBufferPointer<Int32>
  }

  public let loader: BatchLoader
  private let slots: [BatchSlot]
  private var producer: EpochProducer?

  /// - Parameter ahead: batches that may lie ready while one is in use.
  public init(_ loader: BatchLoader, ahead: Int = 2) {
    precondition(ahead >= 1)
    self.loader = loader
    slots = (0...ahead).map { _ in
      BatchSlot(
        images: AlignedBuffer(count: loader.batch * loader.set.valuesPerImage),
        labels: AlignedBuffer(count: loader.batch))
    }
  }

  deinit { producer?.cancel() }

  /// Begins epoch `epoch` at batch `fromBatch` (for a trial resumed within an epoch), abandoning any other.
  public func start(epoch: Int, fromBatch: Int = 0) {
    precondition(fromBatch >= 0 && fromBatch <= loader.batches)
    stop()
    let producer = EpochProducer(loader: loader, slots: slots, epoch: epoch, firstBatch: fromBatch)
    self.producer = producer
    Thread.detachNewThread { producer.run() }
  }

  /// The epoch's next batch, waiting for it if need be; nil after the last one, or before any `start`.
  ///
  /// - Throws: `DatasetError` where a file cannot be read: then no further batch comes in this epoch.
  public func next() throws(DatasetError) -> Batch? { try producer?.next() }

  /// Abandons the epoch and waits until no thread works on it.
  public func stop() {
    producer?.cancelAndWait()
    producer = nil
  }
}

struct BatchSlot: Sendable {
  let images: AlignedBuffer<Float>
  let labels: AlignedBuffer<Int32>
}

/// One epoch on its way through a ring of slots: batch b lies in slot b mod slots.
///
/// `@unchecked Sendable`: the counters are guarded by `condition`; a slot belongs to the producing thread from
/// `acquire` to `publish` of its batch, and to the consumer from then until it asks for the next batch.
private final class EpochProducer: @unchecked Sendable {
  private let loader: BatchLoader
  private let slots: [BatchSlot]
  private let epoch: Int
  private let firstBatch: Int
  private let condition = NSCondition()
  /// Batches before this one have been prepared.
  private var prepared: Int
  /// Batches before this one have been handed out; the last of them is still in use.
  private var handedOut: Int
  private var cancelled = false
  private var finished = false
  /// Why batches from `prepared` on cannot be.
  private var failure: DatasetError?

  init(loader: BatchLoader, slots: [BatchSlot], epoch: Int, firstBatch: Int) {
    self.loader = loader
    self.slots = slots
    self.epoch = epoch
    self.firstBatch = firstBatch
    prepared = firstBatch
    handedOut = firstBatch
  }

  /// The producing thread's whole life.
  func run() {
    let indices = loader.order.indices(epoch: epoch, count: loader.set.count)
    for batch in firstBatch..<loader.batches {
      guard let slot = acquire(batch) else { break }
      do {
        _ = try loader.fill(
          batch: batch, of: indices, epoch: epoch, images: slot.images.buffer, labels: slot.labels.buffer)
      } catch {
        update { failure = error }
        break
      }
      update { prepared = batch + 1 }
    }
    update { finished = true }
  }

  /// Waits until the batch's slot is free; nil once cancelled.
  private func acquire(_ batch: Int) -> BatchSlot? {
    condition.withLock {
      // Batch b − slots was there before; it is done with when a later batch has been handed out.
      while !cancelled && handedOut < batch - slots.count + 2 && batch - slots.count >= firstBatch {
        condition.wait()
      }
      return cancelled ? nil : slots[batch % slots.count]
    }
  }

  func next() throws(DatasetError) -> BatchPipeline.Batch? {
    let awaited: Result<Int, DatasetError>? = condition.withLock {
      guard handedOut < loader.batches else { return nil }
      let batch = handedOut
      handedOut += 1
      condition.broadcast()
      while prepared <= batch {
        if let failure { return .failure(failure) }
        condition.wait()
      }
      return .success(batch)
    }
    guard let batch = try awaited?.get() else { return nil }
    let slot = slots[batch % slots.count]
    let count = min(loader.batch, loader.set.count - batch * loader.batch)
    return BatchPipeline.Batch(
      number: batch, count: count,
      images: UnsafeMutableBufferPointer(
        rebasing: slot.images.buffer[..<(count * loader.set.valuesPerImage)]),
      labels: UnsafeMutableBufferPointer(rebasing: slot.labels.buffer[..<count]))
  }

  func cancel() { update { cancelled = true } }

  func cancelAndWait() {
    condition.withLock {
      cancelled = true
      condition.broadcast()
      while !finished { condition.wait() }
    }
  }

  private func update(_ change: () -> Void) {
    condition.withLock {
      change()
      condition.broadcast()
    }
  }
}
