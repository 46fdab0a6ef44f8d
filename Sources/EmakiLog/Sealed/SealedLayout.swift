import EmakiPlatform

/// THE sealed file: events of a range of positions, in the order of stream and version. Immutable.
///
/// Pages of 4,096 bytes:
///
///     page 0         the footer, first copy
///     pages 1...     sections, each from the start of a page on:
///                      chunks      compressed `SealedChunk`s, one right after the other
///                      chunkTable  24 bytes for a chunk: offset of its bytes from the start of
///                                  the section (8), stored bytes (4), bytes when unpacked (4),
///                                  ordinal of its first event in the file (4), checksum (4). Both
///                                  sizes are equal if it is not compressed
///                      streams     28 bytes for a stream, in the order of ids: start of its id in
///                                  `ids` (4), ordinal of its first event (4), the chunk that
///                                  event is in (4), its first (8) and last version (8)
///                      ids         stream ids, one right after the other
///                      table       finds a stream by the hash of its id, see `StreamTable`
///                      filter      see `StreamFilter`
///                      order       for each position of the range, the chunk its event is in, or
///                                  the chunk count if it has none, see `PackedNumbers`
///                      groups      12 bytes for a commit: first position, from the file's first
///                                  (4), instant (8)
///     checksum pages each 1,023 checksums (CRC32C) of the pages from 1 on, in their order, and
///                    its own
///     parity pages   over pages 1... and the checksum pages, see `PageParity`
///     last page      the footer, second copy
///
/// The footer:
///
///     offset  bytes
///        0      8   magic
///        8      4   checksum of bytes 12..<4096 (CRC32C)
///       12      4   format version
///       16     16   store id
///       32      8   number of the file
///       40      8   first position
///       48      8   end of the positions
///       56      8   event count
///       64      8   digest of all events (see `SealedChunk.Event.digest`)
///       72      4   stream count
///       76      4   chunk count
///       80      8   last commit group
///       88    128   for each section, in the order above: first page (8), bytes (8)
///      216      4   bytes of the dictionary
///      220     36   zeros
///      256          the dictionary: what each chunk may refer to as if it stood before it; zeros
///
/// A file is **whole** if a copy of the footer proves itself, its geometry adds up to the size of
/// the file, and every page matches its checksum.
struct SealedFooter: Equatable, Sendable {
    static let magic: UInt64 = 0x4445_4C41_4553_4D45
    static let formatVersion: UInt32 = 2
    static let byteCount = PageParity.pageBytes
    static let chunkEntryBytes = 24
    static let streamEntryBytes = 28
    static let groupEntryBytes = 12
    private static let placesOffset = 88
    private static let dictionaryBytesOffset = 216
    private static let dictionaryOffset = 256
    static let dictionaryBytesMax = byteCount - dictionaryOffset
    /// Checksums in a checksum page.
    static let checksumsPerPage = 1023
    /// Beyond what a file may have; keeps all sums far from overflowing.
    static let pageCountMax = 1 << 28

    enum Section: Int, CaseIterable {
        case chunks, chunkTable, streams, ids, table, filter, order, groups
    }

    struct Place: Equatable, Sendable {
        var firstPage = 0
        var byteCount = 0
        var pageCount: Int { (byteCount + PageParity.pageBytes - 1) / PageParity.pageBytes }
        /// In the file.
        var range: Range<Int> {
            let start = firstPage * PageParity.pageBytes
            return start..<start + byteCount
        }
    }

    var storeID: Bits128
    var number: UInt64
    var positions: Range<Position>
    var eventCount = 0
    var digest: UInt64 = 0
    var streamCount = 0
    var chunkCount = 0
    var lastGroup: UInt64 = 0
    private var places = Places()
    /// At most `dictionaryBytesMax`.
    var dictionary: [UInt8] = []

    init(storeID: Bits128, number: UInt64, positions: Range<Position>) {
        self.storeID = storeID
        self.number = number
        self.positions = positions
    }

    subscript(section: Section) -> Place {
        get { places[section] }
        set { places[section] = newValue }
    }

    // MARK: Geometry

    /// Pages of all sections.
    var sectionPageCount: Int { Section.allCases.reduce(0) { $0 + self[$1].pageCount } }
    var checksumPageCount: Int {
        (sectionPageCount + Self.checksumsPerPage - 1) / Self.checksumsPerPage
    }
    /// Pages that parity covers; page 0 is not among them.
    var coveredPageCount: Int { sectionPageCount + checksumPageCount }
    var parityPageCount: Int { PageParity.parityPageCount(pages: coveredPageCount) }
    var filePageCount: Int { 2 + coveredPageCount + parityPageCount }
    var fileBytes: Int { filePageCount * PageParity.pageBytes }

    /// How the order is written: its largest number stands for "no event".
    var order: PackedNumbers { PackedNumbers(largest: UInt32(chunkCount)) }

    /// Sections follow one another and have the sizes that the counts say.
    private var isConsistent: Bool {
        var page = 1
        for section in Section.allCases {
            let place = self[section]
            guard place.byteCount <= Self.pageCountMax * 4096, place.firstPage == page
            else { return false }
            page += place.pageCount
        }
        return page <= Self.pageCountMax
            && self[.chunkTable].byteCount == chunkCount * Self.chunkEntryBytes
            && self[.streams].byteCount == streamCount * Self.streamEntryBytes
            && self[.table].byteCount == StreamTable.byteCount(streams: streamCount)
            && self[.filter].byteCount == StreamFilter.byteCount(streams: streamCount)
            && self[.order].byteCount == order.byteCount(of: positions.count)
            && self[.groups].byteCount % Self.groupEntryBytes == 0
            && streamCount > 0 && streamCount <= eventCount
            && chunkCount > 0 && chunkCount <= eventCount
    }

    // MARK: Bytes

    func encode(into memory: PageMemory, at start: Int) {
        memory.zero(start..<start + Self.byteCount)
        memory.store(Self.magic, at: start)
        memory.store(Self.formatVersion, at: start + 12)
        storeID.encode(into: memory, at: start + 16)
        memory.store(number, at: start + 32)
        memory.store(positions.lowerBound.rawValue, at: start + 40)
        memory.store(positions.upperBound.rawValue, at: start + 48)
        memory.store(UInt64(eventCount), at: start + 56)
        memory.store(digest, at: start + 64)
        memory.store(UInt32(streamCount), at: start + 72)
        memory.store(UInt32(chunkCount), at: start + 76)
        memory.store(lastGroup, at: start + 80)
        for section in Section.allCases {
            let offset = start + Self.placesOffset + section.rawValue * 16
            memory.store(UInt64(self[section].firstPage), at: offset)
            memory.store(UInt64(self[section].byteCount), at: offset + 8)
        }
        memory.store(UInt32(dictionary.count), at: start + Self.dictionaryBytesOffset)
        dictionary.withRawSpan { memory.copy($0, at: start + Self.dictionaryOffset) }
        memory.store(memory.checksum(start + 12..<start + Self.byteCount), at: start + 8)
    }

    /// What a copy carries as its checksum.
    func checksum() throws(DiskError) -> UInt32 {
        let memory = try PageMemory(byteCount: Self.byteCount)
        encode(into: memory, at: 0)
        return memory.loadUInt32(at: 8)
    }

    /// Reads a copy.
    /// - Returns: nil unless it proves itself.
    init?(from memory: PageMemory, at start: Int) {
        guard memory.loadUInt64(at: start) == Self.magic,
            memory.loadUInt32(at: start + 8)
                == memory.checksum(start + 12..<start + Self.byteCount),
            memory.loadUInt32(at: start + 12) == Self.formatVersion
        else { return nil }
        let first = memory.loadUInt64(at: start + 40)
        let end = memory.loadUInt64(at: start + 48)
        let events = memory.loadUInt64(at: start + 56)
        guard first < end, end <= FrameHeader.positionMax, end - first <= UInt64(Int32.max),
            events <= end - first
        else { return nil }
        storeID = Bits128(from: memory, at: start + 16)
        number = memory.loadUInt64(at: start + 32)
        positions = Position(first)..<Position(end)
        eventCount = Int(events)
        digest = memory.loadUInt64(at: start + 64)
        streamCount = Int(memory.loadUInt32(at: start + 72))
        chunkCount = Int(memory.loadUInt32(at: start + 76))
        lastGroup = memory.loadUInt64(at: start + 80)
        for section in Section.allCases {
            let offset = start + Self.placesOffset + section.rawValue * 16
            self[section] = Place(
                firstPage: Int(clamping: memory.loadUInt64(at: offset)),
                byteCount: Int(clamping: memory.loadUInt64(at: offset + 8)))
        }
        let dictionaryBytes = Int(memory.loadUInt32(at: start + Self.dictionaryBytesOffset))
        guard dictionaryBytes <= Self.dictionaryBytesMax, isConsistent else { return nil }
        let place = start + Self.dictionaryOffset
        dictionary = memory.withBytes(in: place..<place + dictionaryBytes) { $0.copyToArray() }
    }
}

extension SealedFooter {
    /// One for each section; fields and no array, because reading asks all the time.
    private struct Places: Equatable, Sendable {
        private var chunks = Place()
        private var chunkTable = Place()
        private var streams = Place()
        private var ids = Place()
        private var table = Place()
        private var filter = Place()
        private var order = Place()
        private var groups = Place()

        subscript(section: Section) -> Place {
            get {
                switch section {
                case .chunks: chunks
                case .chunkTable: chunkTable
                case .streams: streams
                case .ids: ids
                case .table: table
                case .filter: filter
                case .order: order
                case .groups: groups
                }
            }
            set {
                switch section {
                case .chunks: chunks = newValue
                case .chunkTable: chunkTable = newValue
                case .streams: streams = newValue
                case .ids: ids = newValue
                case .table: table = newValue
                case .filter: filter = newValue
                case .order: order = newValue
                case .groups: groups = newValue
                }
            }
        }
    }
}

extension Range<Position> {
    var count: Int { Int(upperBound.rawValue - lowerBound.rawValue) }
}
