/// Every maximum that does not depend on a store. What depends on one is in `StoreOptions`.
public enum Limits {
    /// Bytes of UTF-8 in a stream id.
    public static let streamIDBytesMax = 255
    /// Bytes of UTF-8 in an event type.
    public static let typeBytesMax = 255
    /// Bytes of metadata of one event.
    public static let metadataBytesMax = 65_535
    /// Bytes of payload of one event: 16 MiB.
    public static let payloadBytesMax = 16 << 20
    /// Events in one batch.
    public static let eventsPerBatchMax = 65_536
    /// Streams in one batch.
    public static let streamsPerBatchMax = 1_024
    /// Smallest and largest segment that a store can be made with.
    public static let segmentBytes = (128 << 10)...(1 << 30)
    /// Smallest and largest block that a store can be made with.
    public static let blockBytes = 512...(64 << 10)
    /// Segments that a MANIFEST may list.
    public static let segmentCountMax = 65_536
    /// Sealed files that a MANIFEST may list.
    public static let sealedFileCountMax = 65_536
    /// Streams of which events were removed: what each has lost is kept in memory.
    public static let removedStreamsMax = 4 << 20
    /// Deleted streams that are forgotten with one replacement of MANIFEST.
    static let forgottenAtOnceMax = 4_096
    /// Times that segments are sealed because something of a stream that is to be forgotten is in
    /// them.
    static let sealingsPerForgettingMax = 16
    /// Events that are not sealed: the index tells them apart by the low 31 bits of their
    /// positions.
    public static let unsealedEventsMax = Int(Int32.max)
    /// Blocks of one segment that may be unreadable before the whole segment is taken for it.
    static let unreadableBlocksMax = 1_024
    /// Followers of one open log.
    public static let followersMax = 1_024
    /// Events handed from the log to a reader at a time, under one lock.
    static let readBatchEventsMax = 256
    /// Memory for filters of sealed files, which answer "a new stream" at once.
    static let residentFilterBytesMax = 64 << 20
    /// Positions of a sealed file that are read at a time, for as many chunks at most.
    static let sealedWindowPositions = 4_096
    /// Those that a reader of the log looks at first: it may want no more.
    static let firstWindowPositions = 64
    /// Streams looked at under one lock while listing.
    static let listedSlotsMax = 256
    /// Waiting appends that are woken at once when room returns.
    static let admissionsPerCommitMax = 2_048
    /// Cuts that are remembered until a clean close, and listed in a receipt.
    static let rememberedCutsMax = 64
    /// Streams that are named when a damaged place is reported.
    public static let namedStreamsMax = 16
    /// Streams in the pages of `EventLog.streams` unless asked for fewer.
    public static let streamsPerPageMax = 100_000
}
