import EmakiPlatform

/// A block of a segment that the device could not read.
struct UnreadableBlock {
    let offset: Int
    let corruption: Corruption
}

/// Damage of a segment as a whole: its file, or what says which segment it is.
struct SegmentDamage {
    let number: UInt64
    let corruption: Corruption
    /// Frames may be missing without leaving a trace in what can be read.
    let mayHideFrames: Bool
}

/// Opens, syncs and reads the usable segments that MANIFEST lists, and checks their headers.
struct SegmentLoader {
    /// What becomes of a damaged segment.
    enum DamageHandling {
        /// Nothing is loaded.
        case refuses
        /// What can be read of it is, under the identity that MANIFEST gives it. Only for reading.
        case tolerates
        /// As `tolerates`, where a repair can help; otherwise nothing is loaded.
        case repairs
    }

    let files: any FileSystem
    let store: StoreFile
    /// How this opening syncs; STORE names the method of the device that the store was made on.
    let method: SyncMethod
    let isReadOnly: Bool
    let handling: DamageHandling
    /// MANIFEST has no number from here on.
    private(set) var nextSegmentNumber: UInt64 = .max
    /// Header copies that were written again from their twin (or would be, if read-only).
    var mended: [String] = []
    /// Those of them that were written again.
    var repairs: [RecoveryReceipt.Repair] = []
    /// Damaged segments that were loaded all the same.
    private(set) var damages: [SegmentDamage] = []
    /// Blocks that the device could not read, by segment number.
    private(set) var unreadable: [UInt64: [UnreadableBlock]] = [:]

    /// Zeros.
    private var emptyImage: PageMemory?

    /// One read of this size keeps a device's queue full.
    private static let readBytes = 4 << 20

    init(
        files: any FileSystem, store: StoreFile, method: SyncMethod, isReadOnly: Bool,
        handling: DamageHandling
    ) {
        precondition(
            isReadOnly || handling != .tolerates, "what is missing is not written to")
        self.files = files
        self.store = store
        self.method = method
        self.isReadOnly = isReadOnly
        self.handling = handling
    }

    mutating func load(_ manifest: Manifest) throws(LogError) -> ContiguousArray<Segment> {
        nextSegmentNumber = manifest.nextSegmentNumber
        let entries = manifest.segments.filter { !$0.isInPreparation }
        guard !entries.isEmpty else {
            throw Manifest.twin.corrupt(.badHeader, "it lists no usable segment")
        }
        var opened: [Opened] = []
        do {
            for entry in entries { opened.append(try open(entry)) }
            if !isReadOnly { try sync(opened) }
            var segments: ContiguousArray<Segment> = []
            for opened in opened { segments.append(try read(opened)) }
            return segments
        } catch {
            for opened in opened { opened.file.close() }
            throw error
        }
    }

    /// Takes note of damage, or refuses it.
    mutating func meet(_ damage: SegmentDamage, isRepairable: Bool = false) throws(LogError) {
        switch handling {
        case .refuses: throw .corrupt(damage.corruption)
        case .repairs where !isRepairable: throw .beyondRepair(damage.corruption)
        case .tolerates, .repairs: damages.append(damage)
        }
    }

    /// A segment's file, and how many bytes of it belong to the segment.
    private struct Opened {
        var entry: Manifest.Entry
        var file: any File
        var byteCount: Int
    }

    private mutating func open(_ entry: Manifest.Entry) throws(LogError) -> Opened {
        let file: any File
        do {
            file = try files.open(
                entry.path, OpenMode(.mustExist, writable: !isReadOnly, direct: method == .direct))
        } catch {
            guard error.isNotFound else { throw LogError(error, file: entry.path) }
            try meet(
                damage(
                    of: entry, at: 0, .missingFile,
                    "MANIFEST lists it as segment \(entry.number)", mayHideFrames: true))
            return Opened(entry: entry, file: AbsentFile(), byteCount: 0)
        }
        do {
            return try measured(entry, file)
        } catch {
            file.close()
            throw error
        }
    }

    private mutating func measured(
        _ entry: Manifest.Entry, _ file: any File
    ) throws(LogError) -> Opened {
        let byteCount = try LogError.translating(entry.path) { () throws(DiskError) in
            try file.byteCount()
        }
        let segmentBytes = store.layout.segmentBytes
        guard byteCount != segmentBytes else {
            return Opened(entry: entry, file: file, byteCount: byteCount)
        }
        try meet(
            damage(
                of: entry, at: byteCount, .wrongSize,
                "\(byteCount) bytes long instead of \(segmentBytes)",
                mayHideFrames: byteCount < segmentBytes))
        // Direct reads cannot end where such a file may.
        file.close()
        let buffered = try LogError.translating(entry.path) { () throws(DiskError) in
            try files.open(entry.path, OpenMode(.mustExist, writable: false))
        }
        return Opened(entry: entry, file: buffered, byteCount: min(byteCount, segmentBytes))
    }

    func damage(
        of entry: Manifest.Entry, at fileOffset: Int, _ reason: Corruption.Reason,
        _ evidence: String, mayHideFrames: Bool
    ) -> SegmentDamage {
        SegmentDamage(
            number: entry.number,
            corruption: Corruption(
                file: entry.path, fileOffset: fileOffset, reason: reason, evidence: evidence),
            mayHideFrames: mayHideFrames)
    }

    /// A real device sync: without it a read could show bytes that a power cut would take away.
    private func sync(_ opened: [Opened]) throws(LogError) {
        for folder in [StoreFolder.wal, ""] {
            try LogError.translating(folder) { () throws(DiskError) in
                do throws(DiskError) {
                    try files.syncFolder(folder)
                } catch {
                    // Its segments are missing, then, and are reported one by one.
                    guard error.isNotFound else { throw error }
                }
            }
        }
        for opened in opened {
            try LogError.translating(opened.entry.path) { () throws(DiskError) in
                try opened.file.sync()
                try opened.file.dropCache()
            }
        }
    }

    private mutating func read(_ opened: Opened) throws(LogError) -> Segment {
        let layout = store.layout
        let entry = opened.entry
        let image = try image(for: opened)
        try read(opened, into: image)
        let identity = SegmentIdentity(
            storeID: store.storeID, number: entry.number, incarnation: entry.incarnation)
        // What is missing of a file takes its headers with it, and was named already.
        if opened.byteCount == layout.segmentBytes {
            try checkHeaders(identity, entry, opened.file, image)
        }
        return Segment(
            identity: identity, fileIndex: entry.fileIndex, file: opened.file, image: image)
    }

    /// Segments of which nothing is there share one image: their number is only what MANIFEST says.
    private mutating func image(for opened: Opened) throws(LogError) -> PageMemory {
        if opened.byteCount == 0, let emptyImage { return emptyImage }
        let image = try LogError.translating(opened.entry.path) { () throws(DiskError) in
            try PageMemory(byteCount: store.layout.segmentBytes, isFilledAtOnce: true)
        }
        if opened.byteCount == 0 { emptyImage = image }
        return image
    }

    /// Fills the image; what the file does not have, or the device cannot read, stays zero.
    private mutating func read(_ opened: Opened, into image: PageMemory) throws(LogError) {
        var offset = 0
        while offset < opened.byteCount {
            let piece = offset..<min(offset + Self.readBytes, opened.byteCount)
            do {
                try read(piece, of: opened, into: image)
            } catch .corrupt(let corruption) where corruption.reason == .unreadable {
                guard try readByBlocks(piece, of: opened, into: image) else { return }
            }
            offset = piece.upperBound
        }
    }

    private func read(
        _ piece: Range<Int>, of opened: Opened, into image: PageMemory
    ) throws(LogError) {
        let count: Int
        do {
            count = try image.withMutableBytes(in: piece) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try opened.file.read(into: &bytes, at: piece.lowerBound)
            }
        } catch {
            // A read error is not the end of a file.
            throw .corrupt(
                Corruption(
                    file: opened.entry.path, fileOffset: piece.lowerBound, reason: .unreadable,
                    evidence: "\(error), within \(piece.count) bytes from here"))
        }
        guard count == piece.count else {
            throw .corrupt(
                Corruption(
                    file: opened.entry.path, fileOffset: piece.lowerBound + count,
                    reason: .wrongSize, evidence: "the file ends here while it is read"))
        }
    }

    /// Reads what can be read. A block that cannot is taken for a header that fails its checksum,
    /// so that whatever needs it finds it damaged, and what does not need it is not held up.
    /// - Returns: false if so much cannot be read that the rest was not tried.
    private mutating func readByBlocks(
        _ piece: Range<Int>, of opened: Opened, into image: PageMemory
    ) throws(LogError) -> Bool {
        let entry = opened.entry
        let blockBytes = store.layout.blockBytes
        for offset in stride(from: piece.lowerBound, to: piece.upperBound, by: blockBytes) {
            let block = offset..<min(offset + blockBytes, piece.upperBound)
            do {
                try readBlock(block, of: opened, into: image)
            } catch .corrupt(let corruption) where corruption.reason == .unreadable {
                image.zero(block)
                image.store(FrameHeader.magic, at: offset)
                unreadable[entry.number, default: []].append(
                    UnreadableBlock(offset: offset, corruption: corruption))
                guard unreadable[entry.number, default: []].count > Limits.unreadableBlocksMax
                else { continue }
                try meet(
                    SegmentDamage(
                        number: entry.number, corruption: corruption, mayHideFrames: true))
                return false
            }
        }
        return true
    }

    /// A repair writes over what cannot be read, so it asks the device once more.
    private func readBlock(
        _ block: Range<Int>, of opened: Opened, into image: PageMemory
    ) throws(LogError) {
        do throws(LogError) {
            try read(block, of: opened, into: image)
        } catch {
            guard handling == .repairs else { throw error }
            try read(block, of: opened, into: image)
        }
    }
}
