import COneDNN

/// Splits 0 ..< count evenly over threads of the pool that primitives run on, and waits for all.
///
/// - Parameter body: called once for each thread, at the same time; with one thread, on the calling one.
public func parallel(_ count: Int, threads: Int, _ body: (Range<Int>) -> Void) {
  parallel(count, threads: threads) { range, _ in body(range) }
}

/// The same, where threads need something of their own.
///
/// - Parameter body: given a share of the work and its number, below `threads`; no two calls have the same.
public func parallel(_ count: Int, threads: Int, _ body: (_ work: Range<Int>, _ share: Int) -> Void) {
  guard threads > 1 else { return body(0..<count, 0) }
  withoutActuallyEscaping(body) { body in
    var work = Work(count: count, threads: threads, body: body)
    withUnsafeMutablePointer(to: &work) { work in
      onednn_parallel(
        { context, thread in
          let work = context!.assumingMemoryBound(to: Work.self).pointee
          let (share, of) = (Int(thread), work.threads)
          work.body(share * work.count / of..<(share + 1) * work.count / of, share)
        }, work, Int32(threads))
    }
  }
}

private struct Work {
  let count: Int
  let threads: Int
  let body: (Range<Int>, Int) -> Void
}
