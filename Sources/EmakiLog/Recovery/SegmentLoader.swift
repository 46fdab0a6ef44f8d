import EmakiPlatform

/// A block of a segment that the device could not read.
struct UnreadableBlock {
    let offset: Int
    let corruption: Corruption
}

/// Opens, syncs and reads the usable segments that MANIFEST lists, and checks their headers.
struct SegmentLoader {
    let files: any FileSystem
    let store: StoreFile
    /// How this opening syncs; STORE names the method of the device that the store was made on.
    let method: SyncMethod
    let isReadOnly: Bool
    /// Header copies that were written again from their twin (or would be, if read-only).
    private(set) var mended: [String] = []
    /// Blocks that the device could not read, by segment number.
    private(set) var unreadable: [UInt64: [UnreadableBlock]] = [:]

    /// One read of this size keeps a device's queue full.
    private static let readBytes = 4 << 20

    init(files: any FileSystem, store: StoreFile, method: SyncMethod, isReadOnly: Bool) {
        self.files = files
        self.store = store
        self.method = method
        self.isReadOnly = isReadOnly
    }

    mutating func load(_ manifest: Manifest) throws(LogError) -> ContiguousArray<Segment> {
        let entries = manifest.segments.filter { !$0.isInPreparation }
        guard !entries.isEmpty else {
            throw Manifest.twin.corrupt(.badHeader, "it lists no usable segment")
        }
        var opened: [any File] = []
        do {
            for entry in entries { opened.append(try open(entry)) }
            if !isReadOnly { try sync(opened, entries) }
            var segments: ContiguousArray<Segment> = []
            for (entry, file) in zip(entries, opened) {
                segments.append(try read(entry, file))
            }
            return segments
        } catch {
            for file in opened { file.close() }
            throw error
        }
    }

    private func open(_ entry: Manifest.Entry) throws(LogError) -> any File {
        let mode = OpenMode(
            .mustExist, writable: !isReadOnly, direct: method == .direct)
        let file: any File
        do {
            file = try files.open(entry.path, mode)
        } catch {
            guard error.isNotFound else { throw LogError(error, file: entry.path) }
            throw .corrupt(
                Corruption(
                    file: entry.path, fileOffset: 0, reason: .missingFile,
                    evidence: "MANIFEST lists it as segment \(entry.number)"))
        }
        let byteCount: Int
        do {
            byteCount = try file.byteCount()
        } catch {
            file.close()
            throw LogError(error, file: entry.path)
        }
        guard byteCount == store.layout.segmentBytes else {
            file.close()
            throw .corrupt(
                Corruption(
                    file: entry.path, fileOffset: byteCount, reason: .wrongSize,
                    evidence: "\(byteCount) bytes long instead of \(store.layout.segmentBytes)"))
        }
        return file
    }

    /// A real device sync: without it a read could show bytes that a power cut would take away.
    private func sync(_ opened: [any File], _ entries: [Manifest.Entry]) throws(LogError) {
        for folder in [StoreFolder.wal, ""] {
            try LogError.translating(folder) { () throws(DiskError) in
                try files.syncFolder(folder)
            }
        }
        for (entry, file) in zip(entries, opened) {
            try LogError.translating(entry.path) { () throws(DiskError) in
                try file.sync()
                try file.dropCache()
            }
        }
    }

    private mutating func read(
        _ entry: Manifest.Entry, _ file: any File
    ) throws(LogError) -> Segment {
        let layout = store.layout
        let image = try LogError.translating(entry.path) { () throws(DiskError) in
            try PageMemory(byteCount: layout.segmentBytes)
        }
        var offset = 0
        while offset < layout.segmentBytes {
            let piece = offset..<min(offset + Self.readBytes, layout.segmentBytes)
            do {
                try read(piece, of: entry, file, into: image)
            } catch .corrupt(let corruption) where corruption.reason == .unreadable {
                try readByBlocks(piece, of: entry, file, into: image)
            }
            offset = piece.upperBound
        }
        let identity = SegmentIdentity(
            storeID: store.storeID, number: entry.number, incarnation: entry.incarnation)
        try checkHeaders(identity, entry, file, image)
        return Segment(
            identity: identity, fileIndex: entry.fileIndex, file: file, image: image)
    }

    private func read(
        _ piece: Range<Int>, of entry: Manifest.Entry, _ file: any File, into image: PageMemory
    ) throws(LogError) {
        let count: Int
        do {
            count = try image.withMutableBytes(in: piece) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try file.read(into: &bytes, at: piece.lowerBound)
            }
        } catch {
            // A read error is not the end of a file.
            throw .corrupt(
                Corruption(
                    file: entry.path, fileOffset: piece.lowerBound, reason: .unreadable,
                    evidence: "\(error), within \(piece.count) bytes from here"))
        }
        guard count == piece.count else {
            throw .corrupt(
                Corruption(
                    file: entry.path, fileOffset: piece.lowerBound + count, reason: .wrongSize,
                    evidence: "the file ends here while it is read"))
        }
    }

    /// Reads what can be read. A block that cannot is read as a header that fails its checksum, so
    /// that whatever needs it finds it damaged, and what does not need it is not held up.
    private mutating func readByBlocks(
        _ piece: Range<Int>, of entry: Manifest.Entry, _ file: any File, into image: PageMemory
    ) throws(LogError) {
        let blockBytes = store.layout.blockBytes
        for offset in stride(from: piece.lowerBound, to: piece.upperBound, by: blockBytes) {
            let block = offset..<offset + blockBytes
            do {
                try read(block, of: entry, file, into: image)
            } catch .corrupt(let corruption) where corruption.reason == .unreadable {
                image.zero(block)
                image.store(FrameHeader.magic, at: offset)
                unreadable[entry.number, default: []].append(
                    UnreadableBlock(offset: offset, corruption: corruption))
                guard unreadable[entry.number, default: []].count <= Limits.unreadableBlocksMax
                else { throw .corrupt(corruption) }
            }
        }
    }

    /// MANIFEST says which life of which segment this is; at least one copy of the header must
    /// agree, and none may be good and disagree.
    private mutating func checkHeaders(
        _ identity: SegmentIdentity, _ entry: Manifest.Entry, _ file: any File, _ image: PageMemory
    ) throws(LogError) {
        let offsets = [0, store.layout.headerTwinOffset]
        var badOffsets: [Int] = []
        for offset in offsets {
            switch SegmentHeader.decode(from: image, at: offset, layout: store.layout) {
            case .good(identity): continue
            case .good(let other):
                throw .corrupt(
                    Corruption(
                        file: entry.path, fileOffset: offset,
                        reason: other.storeID == store.storeID ? .badHeader : .foreignStore,
                        evidence: "segment \(other.number) of another life or store, where"
                            + " MANIFEST lists segment \(identity.number)"))
            case .newerFormat(let version):
                throw .unsupportedFormat(file: entry.path, version: version)
            case .bad: badOffsets.append(offset)
            }
        }
        guard badOffsets.count < offsets.count else {
            throw .corrupt(
                Corruption(
                    file: entry.path, fileOffset: 0, reason: .badHeader,
                    evidence: "neither copy of the header passes its checksum"))
        }
        for offset in badOffsets { try mend(offset, identity, entry, file, image) }
    }

    private mutating func mend(
        _ offset: Int, _ identity: SegmentIdentity, _ entry: Manifest.Entry, _ file: any File,
        _ image: PageMemory
    ) throws(LogError) {
        mended.append("\(entry.path):\(offset)")
        guard !isReadOnly else { return }
        SegmentHeader.encode(identity, layout: store.layout, into: image, at: offset)
        let block = offset..<offset + store.layout.blockBytes
        try LogError.translating(entry.path) { () throws(DiskError) in
            try image.withBytes(in: block) { (bytes: RawSpan) throws(DiskError) in
                try file.writeDurably(bytes, at: offset, by: method)
            }
        }
    }
}
