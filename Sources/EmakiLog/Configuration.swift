/// What is chosen when a store is made, and fixed for its life.
public struct StoreOptions: Sendable, Equatable {
    /// Size of each write-ahead segment: a power of two within `Limits.segmentBytes`.
    ///
    /// 32 MiB: two ready segments and the active one are read at open, so larger ones make opening
    /// slower, and smaller ones hold smaller batches.
    public var segmentBytes = 32 << 20
    /// Unit of frames: a power of two. Nil: as large as the device and the file system want, and
    /// at least 4,096.
    public var blockBytes: Int?
    /// Largest batch as stored. Nil: what fits into a segment.
    public var batchBytesMax: Int?

    /// The defaults.
    public init() {}

    /// Other sizes.
    public init(segmentBytes: Int, blockBytes: Int? = nil, batchBytesMax: Int? = nil) {
        self.segmentBytes = segmentBytes
        self.blockBytes = blockBytes
        self.batchBytesMax = batchBytesMax
    }
}

/// What is chosen each time a store is opened.
public struct Configuration: Sendable, Equatable {
    /// Make a store with these options if there is none. Nil: a missing store is an error.
    public var createIfMissing: StoreOptions?
    /// Write nothing but the hint in LOCK, not even what recovery would mend. Appends throw
    /// `readOnly`.
    public var isReadOnly = false
    /// With `isReadOnly`: open a damaged store too, and read what is whole. Lost events throw.
    public var toleratesDamage = false
    /// After this long without anything pending the end of the log is marked on disk. It costs two
    /// small writes and closes the window in which the last group could rot unnoticed.
    public var idleMarkDelay: Duration = .milliseconds(20)
    /// Events that may be staged and not yet durable; more wait. Bounds memory.
    public var pendingEventsMax = 65_536
    /// A group that holds this many bytes takes no more batches. About what a device writes in ten
    /// times the smallest write.
    public var groupBytesMax = 512 << 10
    /// How long the commit loop runs jobs before it writes. Where a usual write takes longer, as
    /// long as that, up to four times this.
    public var gatherLimit: Duration = .microseconds(200)
    /// Segments kept ready ahead of use.
    public var readySegmentCount = 2
    /// Move full segments into sealed files, in the background.
    public var sealsInBackground = true
    /// So many full segments may wait to be sealed; then appends that need another one wait too.
    /// Bounds memory, and the time that opening takes.
    public var unsealedSegmentsMax = 16
    /// Merge sealed files, in the background.
    public var mergesInBackground = true
    /// So many neighbouring sealed files of one tier become one of the next.
    public var filesPerMerge = 8
    /// Files whose bytes add up to more are not merged any more.
    public var mergedBytesMax = 8 << 30
    /// Streams without unsealed events whose versions are kept in memory, about 130 bytes each. The
    /// version of any other is looked up in the sealed files before the stream is appended to.
    public var cachedHeadsMax = 100_000
    /// Answer `emaki stats`, `read`, `backup` and `scrub` of other processes of this user, through
    /// a socket in the store's folder.
    public var listensForControl = true
    /// Look at sealed files in the background, so many bytes a second at most; 0: never.
    public var scrubBytesPerSecond = 4 << 20
    /// A pass through all sealed files begins at most so often.
    public var scrubInterval: Duration = .seconds(7 * 86_400)

    /// Space that is held for a full disk, in the file RESERVE: a segment for removals, and room
    /// for the merges that then give space back; larger ones have to wait. An eighth, 256 KiB at
    /// most, is kept for MANIFEST: with less than 8/7 of a segment no segment can be made of it on
    /// a full disk. Nil: four segments.
    public var reserveBytes: Int?
    /// The size of the store's files from which on no more segments are made for events: appends
    /// throw `.tooLarge(.storeBytes)` then. Segments that are ready are still used, and sealing and
    /// merging go on, so the store may become larger by those. Nil: no limit but the disk.
    public var storeBytesMax: Int?

    /// The defaults.
    public init() {}

    /// The defaults, and a store made where there is none.
    public static func creating(_ options: StoreOptions = .init()) -> Configuration {
        var configuration = Configuration()
        configuration.createIfMissing = options
        return configuration
    }

    /// For looking at a store without changing a byte of it.
    public static func readOnly(toleratingDamage: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.isReadOnly = true
        configuration.toleratesDamage = toleratingDamage
        return configuration
    }

    func validate() throws(LogError) {
        func require(_ holds: Bool, _ name: String, _ reason: String) throws(LogError) {
            guard holds else { throw .invalid(.option(name: name, reason: reason)) }
        }
        try require(pendingEventsMax > 0, "pendingEventsMax", "must be at least 1")
        try require(groupBytesMax >= 4096, "groupBytesMax", "must be at least 4096")
        try require((1...16).contains(readySegmentCount), "readySegmentCount", "must be 1 to 16")
        try require((2...64).contains(filesPerMerge), "filesPerMerge", "must be 2 to 64")
        try require(mergedBytesMax > 0, "mergedBytesMax", "must be above zero")
        try require(
            (1...Limits.segmentCountMax / 2).contains(unsealedSegmentsMax), "unsealedSegmentsMax",
            "must be 1 to \(Limits.segmentCountMax / 2)")
        try require(
            (1...1 << 24).contains(cachedHeadsMax), "cachedHeadsMax", "must be 1 to 16777216")
        try require(
            (0...1 << 50).contains(reserveBytes ?? 0), "reserveBytes", "must be 0 to 2^50")
        try require((storeBytesMax ?? 1) > 0, "storeBytesMax", "must be above zero")
        try require(scrubBytesPerSecond >= 0, "scrubBytesPerSecond", "must not be negative")
        try require(scrubInterval > .zero, "scrubInterval", "must be above zero")
        try require(idleMarkDelay > .zero, "idleMarkDelay", "must be above zero")
        try require(gatherLimit > .zero, "gatherLimit", "must be above zero")
        try require(
            !toleratesDamage || isReadOnly, "toleratesDamage", "needs isReadOnly")
        try require(
            createIfMissing == nil || !isReadOnly, "createIfMissing", "contradicts isReadOnly")
    }
}
