/// What stands at positions that hold no event to be shown, as far as a log knows.
package struct PositionFacts: Sendable {
    /// Streams of which events were removed, and the last version of each that was.
    package var removedThrough: [StreamID: StreamVersion] = [:]
    /// There were removals, and what is left of some may be forgotten.
    package var hadRemovals = false
    /// Snapshots that took a position, those that newer ones replaced included. If events were
    /// removed, too, there may have been more: those of streams that are gone.
    package var snapshots: UInt64 = 0

    /// Removed events, each of which had a position.
    package var removedEvents: UInt64 {
        removedThrough.values.reduce(0) { $0 + $1.rawValue }
    }
    /// How many positions hold no event to be shown, at least: each removal has one of its own.
    package var positionCountMin: UInt64 { removedEvents + UInt64(removedThrough.count) }
}

extension EventLog {
    /// - Throws: `.closed`; `.corrupt` or `.disk` from a sealed file.
    package func positionFacts() throws(LogError) -> PositionFacts {
        var facts = PositionFacts()
        (facts.removedThrough, facts.hadRemovals) = try committer.reading { core in
            (core.removals.durable.mapValues(\.through), core.manifest.removalFile != nil)
        }
        var last: [UInt8]?
        while true {
            // The version of a stream of snapshots is how many it has had.
            let page = try listed(
                StreamListing(
                    prefix: [SnapshotStream.marker], after: last,
                    limit: Limits.streamsPerPageMax))
            facts.snapshots += page.reduce(0) { $0 + $1.version.rawValue }
            guard page.count == Limits.streamsPerPageMax, let end = page.last else { return facts }
            last = Array(end.stream.text.utf8)
        }
    }
}
