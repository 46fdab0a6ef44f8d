import EmakiPlatform

@testable import EmakiLog

/// A small sealed file in its parts, to be changed and put together again so that every checksum
/// and the parity hold: what only the checks of its contents can refuse.
///
/// Its chunks are not compressed, so their contents can be changed where they lie.
struct ForgedFile {
    typealias Section = SealedFooter.Section

    static let path = "sealed"
    static let storeID = Bits128(low: 7, high: 9)
    static let positions = Position(1_000)..<Position(1_030)
    /// Versions and positions of the events of each stream; the versions of `b` have a gap, `c`
    /// lies in several chunks.
    static let streams: [(id: String, events: [(version: UInt64, position: UInt64)])] = [
        ("a", (1...3).map { ($0, 1_000 + $0) }),
        ("b", [(1, 1_005), (2, 1_006), (4, 1_008)]),
        ("c", (1...14).map { ($0, 1_010 + $0) }),
    ]

    var footer: SealedFooter
    private var sections: [[UInt8]]
    /// Written over both copies of the footer in the end.
    private var footerChanges: [(offset: Int, bytes: [UInt8])] = []

    init() throws {
        let files = MemoryFileSystem()
        let file = try files.open(Self.path, OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: file, storeID: Self.storeID, number: 3, positions: Self.positions, lastGroup: 77,
            options: .init(chunkBytes: 100))
        for (id, events) in Self.streams {
            try SealedSample.write(id, events.map(Self.event), to: writer)
        }
        for (position, instant) in [(1_000, 5), (1_007, 6), (1_020, 9)] as [(UInt64, Int64)] {
            try writer.addGroup(at: Position(position), instant: instant)
        }
        footer = try writer.finish()
        let bytes = files[Self.path]
        sections = Section.allCases.map { [footer] in Array(bytes[footer[$0].range]) }
        let made = try SealedFile(
            file, path: Self.path, storeID: Self.storeID, isWritable: false)
        let memory = try made.takeMemory()
        setChunks(
            try (0..<footer.chunkCount).map { number in
                let range = try made.unpack(number, into: memory)
                return memory.unpacked.withBytes(in: range) { $0.copyToArray() }
            })
    }

    private static func event(_ version: UInt64, _ position: UInt64) -> SealedSample.Event {
        SealedSample.Event(
            position: position, version: version,
            id: version == 2 ? EventID(low: position, high: 1) : nil, type: "T",
            metadata: version == 3 ? [1, 2] : [], payload: [UInt8](repeating: 97, count: 20))
    }

    // MARK: Changes

    subscript(section: Section) -> [UInt8] {
        get { sections[section.rawValue] }
        set { sections[section.rawValue] = newValue }
    }

    func number(of byteCount: Int, in section: Section, at offset: Int) -> UInt64 {
        self[section][offset..<offset + byteCount].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func put(_ number: UInt64, of byteCount: Int, in section: Section, at offset: Int) {
        self[section].replaceSubrange(
            offset..<offset + byteCount, with: Self.bytes(number, byteCount))
    }

    mutating func putInFooter(_ number: UInt64, of byteCount: Int, at offset: Int) {
        footerChanges.append((offset, Self.bytes(number, byteCount)))
    }

    private static func bytes(_ number: UInt64, _ byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }

    private var entryBytes: Int { SealedFooter.chunkEntryBytes }

    /// What the chunks hold.
    var chunks: [[UInt8]] {
        (0..<footer.chunkCount).map { chunk in
            let start = Int(number(of: 8, in: .chunkTable, at: chunk * entryBytes))
            let count = Int(number(of: 4, in: .chunkTable, at: chunk * entryBytes + 8))
            return Array(self[.chunks][start..<start + count])
        }
    }

    /// Gives the chunks other contents. Where the table says that each starts follows from that.
    mutating func setChunks(_ chunks: [[UInt8]]) {
        self[.chunks] = []
        for (number, bytes) in chunks.enumerated() {
            let entry = number * entryBytes
            put(UInt64(self[.chunks].count), of: 8, in: .chunkTable, at: entry)
            put(UInt64(bytes.count), of: 4, in: .chunkTable, at: entry + 8)
            put(UInt64(bytes.count), of: 4, in: .chunkTable, at: entry + 12)
            self[.chunks] += bytes
        }
        mendChunkChecksums()
    }

    /// The order says another chunk of a position, counted from the file's first.
    mutating func setChunk(ofPosition index: Int, _ chunk: Int) {
        let bits = footer.order.bitCount
        for bit in 0..<bits {
            let place = index * bits + bit
            let mask: UInt8 = 1 << UInt8(place % 8)
            let isSet = chunk >> bit & 1 == 1
            self[.order][place / 8] &= ~mask
            if isSet { self[.order][place / 8] |= mask }
        }
    }

    /// The order says of each position the chunk that has its event now.
    mutating func mendOrder() {
        let count = Self.positions.count
        self[.order] = [UInt8](repeating: 0, count: footer.order.byteCount(of: count))
        for index in 0..<count { setChunk(ofPosition: index, footer.chunkCount) }
        for chunk in 0..<footer.chunkCount {
            for run in runs(ofChunk: chunk) {
                var place = 0
                for event in run.events {
                    place += Int(event.delta)
                    setChunk(ofPosition: place, chunk)
                }
            }
        }
    }

    /// Gives one chunk other runs.
    mutating func setRuns(ofChunk number: Int, _ runs: [ForgedRun]) {
        var chunks = chunks
        chunks[number] = runs.flatMap(\.bytes)
        setChunks(chunks)
    }

    func runs(ofChunk number: Int) -> [ForgedRun] { ForgedRun.all(in: chunks[number]) }

    /// Each chunk's own checksum holds, wherever the table says that the chunk is.
    mutating func mendChunkChecksums() {
        let all = self[.chunks]
        for entry in stride(from: 0, to: self[.chunkTable].count, by: entryBytes) {
            let start = Int(clamping: number(of: 8, in: .chunkTable, at: entry))
            let end = start.addingReportingOverflow(
                Int(number(of: 4, in: .chunkTable, at: entry + 8)))
            guard !end.overflow, end.partialValue <= all.count else { continue }
            let checksum = all.withRawSpan {
                Checksum.crc32c($0.extracting(start..<end.partialValue))
            }
            put(UInt64(checksum), of: 4, in: .chunkTable, at: entry + 20)
        }
    }

    /// The footer says the digest of the events that the file has now.
    mutating func mendDigest() throws {
        let file = try open()
        var digest: UInt64 = 0
        for chunk in 0..<footer.chunkCount {
            try file.walk(chunk) { stream, event in
                let id = Self.streams[stream].id
                digest &+= event.digest(stream: id.withUTF8Span { StableHash.hash($0) })
                return true
            }
        }
        footer.digest = digest
    }

    // MARK: The file

    /// Puts the file together.
    func write(to files: MemoryFileSystem, _ path: String = ForgedFile.path) throws {
        files[path] = []
        let file = try files.open(path, OpenMode(.mustExist))
        defer { file.close() }
        var footer = footer
        let sink = try SealedPageSink(file: file)
        for section in Section.allCases {
            footer[section] = .init(firstPage: sink.nextPage, byteCount: self[section].count)
            try self[section].withRawSpan { (bytes: RawSpan) throws(DiskError) in
                try sink.append(bytes)
            }
            sink.endSection()
        }
        try sink.finish(footer)
        guard !footerChanges.isEmpty else { return }
        let copy = try footerBytes(footer)
        files.edit(path) {
            $0.replaceSubrange(0..<copy.count, with: copy)
            $0.replaceSubrange($0.count - copy.count..<$0.count, with: copy)
        }
    }

    /// A copy of a footer, changed, with a true checksum.
    func footerBytes(_ footer: SealedFooter) throws -> [UInt8] {
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        footer.encode(into: memory, at: 0)
        for change in footerChanges {
            change.bytes.withRawSpan { memory.copy($0, at: change.offset) }
        }
        memory.store(memory.checksum(12..<SealedFooter.byteCount), at: 8)
        return memory.withBytes(in: 0..<SealedFooter.byteCount) { $0.copyToArray() }
    }

    func open() throws -> SealedFile {
        let files = MemoryFileSystem()
        try write(to: files)
        return try SealedFile(
            files.open(Self.path, OpenMode(.mustExist, writable: false)), path: Self.path,
            storeID: Self.storeID, isWritable: false)
    }
}

/// A run of a chunk in its parts, some of which may say what is not true.
struct ForgedRun {
    var stream: UInt64
    var version: UInt64
    /// nil: what is true.
    var eventCount: UInt64?
    var byteCount: UInt64?
    var events: [ForgedEvent]

    var bytes: [UInt8] {
        let content = events.flatMap(\.bytes)
        let head = [
            stream, version, eventCount ?? UInt64(events.count),
            byteCount ?? UInt64(content.count),
        ]
        return head.flatMap(ForgedEvent.varint) + content
    }

    /// The runs of a chunk whose numbers are all below 128.
    static func all(in bytes: [UInt8]) -> [ForgedRun] {
        var runs: [ForgedRun] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let head = rest.prefix(4).map(UInt64.init)
            rest = rest.dropFirst(4)
            var run = ForgedRun(stream: head[0], version: head[1], events: [])
            for _ in 0..<head[2] { run.events.append(ForgedEvent(takingFrom: &rest)) }
            runs.append(run)
        }
        return runs
    }
}

/// An event of a chunk in its parts.
struct ForgedEvent {
    var delta: UInt64 = 0
    var flags: UInt64 = 0
    /// nil: what is true.
    var typeBytes: UInt64?
    var metadataBytes: UInt64?
    var payloadBytes: UInt64?
    var id: [UInt8] = []
    var type: [UInt8] = [84]
    var metadata: [UInt8] = []
    var payload: [UInt8] = []

    init(delta: UInt64 = 0) { self.delta = delta }

    fileprivate init(takingFrom rest: inout ArraySlice<UInt8>) {
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let head = take(5)
        delta = UInt64(head[0])
        flags = UInt64(head[1])
        if flags == SealedChunk.hasID { id = take(16) }
        type = take(Int(head[2]))
        metadata = take(Int(head[3]))
        payload = take(Int(head[4]))
    }

    var bytes: [UInt8] {
        let head = [
            delta, flags, typeBytes ?? UInt64(type.count),
            metadataBytes ?? UInt64(metadata.count), payloadBytes ?? UInt64(payload.count),
        ]
        return head.flatMap(Self.varint) + id + type + metadata + payload
    }

    static func varint(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// One change to something, in words and as code: a row of a table.
struct ForgedCase<Subject>: Sendable, CustomStringConvertible {
    let description: String
    let change: @Sendable (inout Subject) -> Void

    init(_ description: String, _ change: @escaping @Sendable (inout Subject) -> Void) {
        self.description = description
        self.change = change
    }
}
