internal import Foundation
internal import GRDB

/// Joins stores into one. The result does not depend on the order of the inputs or on how they are grouped, and
/// merging a store with itself adds nothing.
///
/// A trial's snapshots are those of all inputs; where two have the same one, they must agree bit for bit but for
/// times. A result wins over a failure and that over an unfinished trial; nothing is running in the merged store.
/// Of a sweep that is in several, the latest source is kept, and the trials of all. Checkpoints and settings belong
/// to one coordinator's directory and stay behind.
public enum StoreMerge {
  /// Writes `output` whole or not at all; the inputs are only read. `force`: replaces an existing store.
  ///
  /// Throws `StoreError`: an input that is no store, results or data sets that disagree (trial and column named), an
  /// output that exists, is an input, or cannot be written.
  public static func merge(inputs: [String], output: String, force: Bool = false) throws {
    let existing = try StoreFile.inspect(output)
    for input in inputs where StoreFile.isSame(input, output) { throw StoreError.outputIsInput(path: output) }
    if case .absent = existing {} else if !force { throw StoreError.exists(path: output) }
    let lock = try WriterLock(store: output)
    let temporary = "\(output).merging-\(getpid())"
    defer { StoreFile.remove(temporary) }
    StoreFile.remove(temporary)
    let target = try Store.open(temporary)
    do {
      try join(inputs, into: target)
    } catch {
      try target.close()
      throw error
    }
    try target.close()
    try publish(temporary, as: output, force: force)
    withExtendedLifetime(lock) {}
  }

  private static func join(_ inputs: [String], into target: Store) throws {
    var merged = MergedRecords()
    try target.write { batch in
      // Snapshots come before the trials they are of.
      try batch.db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      for input in inputs {
        let source = try Store.reading(input)
        try source.read { reader in
          let known = merged.snapshots
          try merged.add(reader.db)
          try SnapshotCopy.copy(from: reader.db, to: batch.db, known: Set(known.keys))
        }
        try source.close()
      }
      try merged.write(batch.db)
    }
  }

  private static func publish(_ temporary: String, as output: String, force: Bool) throws {
    if force {
      // A log left beside the store that goes would be taken for the new one's.
      for suffix in ["-wal", "-shm"] { unlink(output + suffix) }
      guard rename(temporary, output) == 0 else {
        throw StoreError.unwritable(path: output, reason: systemReason(errno))
      }
    } else {
      guard link(temporary, output) == 0 else {
        if errno == EEXIST { throw StoreError.exists(path: output) }
        throw StoreError.unwritable(path: output, reason: systemReason(errno))
      }
    }
    StoreFile.synchronizeDirectory(of: output)
  }
}
