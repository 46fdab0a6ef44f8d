import EmakiPlatform

/// What a merge leaves out of the files that it merges.
struct SealedDrops {
    /// How much of a stream goes.
    enum Extent: Equatable {
        case nothing
        /// The events before this version: the stream was truncated.
        case before(StreamVersion)
        /// All that is in these files: the stream was deleted.
        case everything
    }

    /// Asked once for each stream, in the order of ids, with its id and its newest version in the
    /// files.
    var extent: (_ id: RawSpan, _ newest: StreamVersion) -> Extent
    /// Asked for each event that `extent` would keep: whether nobody needs it any more.
    var contains: (SealedChunk.Event) -> Bool

    static var nothing: SealedDrops {
        SealedDrops(extent: { _, _ in .nothing }, contains: { _ in false })
    }

    func drops(_ event: SealedChunk.Event, _ extent: Extent) -> Bool {
        switch extent {
        case .everything: true
        case .before(let version) where event.version < version: true
        case .before, .nothing: contains(event)
        }
    }
}
