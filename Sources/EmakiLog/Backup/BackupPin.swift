/// A log at one moment, held for a backup: what was sealed, and the images of the segments that
/// were not, up to the end of the last durable group.
///
/// Taken under the log's lock in no time, read without it. Sealed files stay readable though a
/// merge removes them, and images stay though their segments are sealed and used again: both are
/// counted. Of the images nothing behind the last durable group is looked at, because appends write
/// there.
struct BackupPin: Sendable {
    let store: StoreFile
    /// As it was in memory; of its segments only the anchor counts.
    let manifest: Manifest
    let sealed: SealedSet
    /// What streams have lost, up to the end.
    let removals: [StreamID: Removals.Extent]
    /// Those behind the anchor, up to the one that is appended to. Let go of once they are copied.
    var segments: ContiguousArray<Segment>
    /// Tells the log what waits for this backup.
    let hold: BackupHold
    /// The last durable group.
    let end: LogEnd
    /// What opening stepped over: a copy of this log would lack what it says it has.
    let damage: Corruption?

    /// Number of the last segment that holds something below the end.
    let lastSegment: UInt64

    /// The segments are copied.
    mutating func letGoOfSegments() {
        segments.removeAll()
        hold.letGoOfSegments()
    }

    /// - Throws: `.corrupt` if the log was opened in spite of damage.
    func expectSound() throws(LogError) {
        if let damage { throw .corrupt(damage) }
        precondition(
            sealed.files.count == manifest.sealedFiles.count, "a sound log has all its files")
    }

    /// What makes one more sealed file of everything that is not in one.
    ///
    /// Its number is the next one of the store. It is given out there a second time; but the copy
    /// of a store is another store as soon as either is appended to, and in a backup the name of a
    /// file says more than its number.
    var tail: Sealing {
        Sealing(
            segments: segments, segmentCount: segments.count, start: manifest.anchor, end: end,
            hasRetired: manifest.anchorSegment > 0, number: manifest.nextSealedNumber,
            storeID: store.storeID, layout: store.layout, options: SealedFileWriter.Options(),
            removalsBefore: nil)
    }
}

extension LogCore {
    /// Pins the log as it is now.
    func pinBackup() -> BackupPin {
        // Segments whose events are leaving the index are in a sealed file already.
        let unsealed = segments[...activeIndex].drop { $0.number <= manifest.anchorSegment }
        let hold = BackupHold(
            files: sealed.files.map(\.footer), segments: unsealed.map(\.number))
        backupHolds.add(hold)
        return BackupPin(
            store: store, manifest: manifest, sealed: sealed, removals: removals.durable,
            segments: ContiguousArray(unsealed), hold: hold,
            end: durableGroup, damage: receipt.damages.first, lastSegment: active.number)
    }
}
