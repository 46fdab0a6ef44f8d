import EmakiPlatform

/// MANIFEST: every segment file, every sealed file, and where recovery starts. Replaced off the
/// commit path only.
///
///     offset  bytes   (from the start of the contents, see `TwinFile`)
///        0     16   store id
///       16      8   generation: counts replacements
///       24      8   anchor: last group that is no longer in a listed segment
///       32      8   anchor: next position
///       40      8   anchor: number of the last segment that is no longer listed
///       48      4   anchor: header checksum of the last group's frame
///       52      4   next file index
///       56      8   next segment number
///       64      4   segment count
///       68      4   sealed file count
///       72      8   next number of a sealed file
///       80      8   number of the file of removals (`RemovalFile`); 0: there is none
///       88     32   per segment, in order of use; those in preparation last:
///                     0   8   number, 0 in preparation
///                     8  16   incarnation, zero in preparation
///                    24   4   file index
///                    28   4   zero
///                   then per sealed file, in the order of positions: see `SealedEntry`
struct Manifest: Equatable, Sendable {
    static let headerBytes = 88
    static let entryBytes = 32
    static let twin = TwinFile(
        name: "MANIFEST", magic: 0x494E_414D_4B41_4D45,
        byteCountMax: 2
            * ((TwinFile.headerBytes + headerBytes
                + (Limits.segmentCountMax + Limits.sealedFileCountMax) * entryBytes
                + TwinFile.unit - 1) & ~(TwinFile.unit - 1)))

    /// Far beyond any store, and far enough from where counting on would overflow, or where the
    /// index could not keep a segment's number beside an offset.
    private static let numberMax: UInt64 = 1 << 32
    private static let fileIndexMax: UInt32 = 1 << 31

    /// A segment file. In preparation: its bytes mean nothing yet, or nothing any more.
    struct Entry: Equatable, Sendable {
        var number: UInt64
        var incarnation: Bits128
        var fileIndex: UInt32

        var isInPreparation: Bool { number == 0 }
        var path: String { Manifest.path(ofFile: fileIndex) }
    }

    var storeID: Bits128
    var generation: UInt64 = 0
    /// The end of what is no longer in segments; recovery reads on from here.
    var anchor: LogEnd = .empty
    /// Number of the last segment that holds nothing beyond the anchor.
    var anchorSegment: UInt64 = 0
    var nextFileIndex: UInt32 = 0
    var nextSegmentNumber: UInt64 = 1
    /// In order of use, numbers dense from `anchorSegment + 1`; those in preparation last.
    var segments: [Entry] = []
    /// Larger than that of any sealed file there has been.
    var nextSealedNumber: UInt64 = 1
    /// Of the file that says what streams had lost at the anchor; 0 if none had lost anything.
    var removalFileNumber: UInt64 = 0
    /// In the order of positions, all below the anchor.
    var sealedFiles: [SealedEntry] = []

    /// Nil if no stream had lost anything.
    var removalFile: RemovalFile? {
        removalFileNumber > 0 ? RemovalFile(number: removalFileNumber) : nil
    }
    /// Everything in `sealed/` that this MANIFEST needs.
    var sealedPaths: Set<String> {
        Set(sealedFiles.map(\.path) + [removalFile?.path].compactMap(\.self))
    }

    static func path(ofFile index: UInt32) -> String {
        let digits = String(index)
        return "wal/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    init(storeID: Bits128) { self.storeID = storeID }

    // MARK: Reading

    static func read(
        in files: any FileSystem, storeID: Bits128
    ) throws(LogError) -> (Manifest, isHalfBad: Bool) {
        let contents = try twin.read(in: files)
        guard let manifest = Manifest(from: contents.memory, in: contents.range) else {
            throw twin.corrupt(.badHeader, "counts or numbers outside their limits")
        }
        guard manifest.storeID == storeID else {
            throw twin.corrupt(.foreignStore, "it names store \(manifest.storeID), not \(storeID)")
        }
        return (manifest, contents.isHalfBad)
    }

    private init?(from memory: PageMemory, in range: Range<Int>) {
        let start = range.lowerBound
        // Within the copy, which is 4,096 bytes at least, also where the contents are shorter.
        let count = Int(memory.loadUInt32(at: start + 64))
        let sealedCount = Int(memory.loadUInt32(at: start + 68))
        guard count <= Limits.segmentCountMax, sealedCount <= Limits.sealedFileCountMax,
            range.count == Self.headerBytes + (count + sealedCount) * Self.entryBytes
        else { return nil }
        storeID = Bits128(from: memory, at: start)
        generation = memory.loadUInt64(at: start + 16)
        anchor = LogEnd(
            lastGroup: memory.loadUInt64(at: start + 24),
            nextPosition: Position(memory.loadUInt64(at: start + 32)),
            frameChecksum: memory.loadUInt32(at: start + 48))
        anchorSegment = memory.loadUInt64(at: start + 40)
        nextFileIndex = memory.loadUInt32(at: start + 52)
        nextSegmentNumber = memory.loadUInt64(at: start + 56)
        nextSealedNumber = memory.loadUInt64(at: start + 72)
        removalFileNumber = memory.loadUInt64(at: start + 80)
        sealedFiles = (0..<sealedCount).map { index in
            SealedEntry(
                from: memory, at: start + Self.headerBytes + (count + index) * Self.entryBytes)
        }
        segments = (0..<count).map { index in
            let offset = start + Self.headerBytes + index * Self.entryBytes
            return Entry(
                number: memory.loadUInt64(at: offset),
                incarnation: Bits128(from: memory, at: offset + 8),
                fileIndex: memory.loadUInt32(at: offset + 24))
        }
        guard isConsistent, hasRoom else { return nil }
    }

    /// Far enough from the limits for a store to count on: what is read is held to half of what
    /// may be written.
    var hasRoom: Bool {
        let half = FrameHeader.positionMax / 2
        return generation < half && anchor.lastGroup < half
            && anchor.nextPosition.rawValue < half && anchorSegment < Self.numberMax / 2
            && nextFileIndex < Self.fileIndexMax / 2 && nextSealedNumber < half
    }

    /// Numbers are dense in order of use, files are listed once, limits hold.
    var isConsistent: Bool {
        let usable = segments.prefix { !$0.isInPreparation }
        let isDense = usable.enumerated().allSatisfy { index, entry in
            entry.number == anchorSegment &+ 1 &+ UInt64(index) && entry.incarnation != .zero
        }
        return isDense && segments.dropFirst(usable.count).allSatisfy(\.isInPreparation)
            && Set(segments.map(\.fileIndex)).count == segments.count
            && segments.allSatisfy { $0.fileIndex < nextFileIndex }
            && nextSegmentNumber == anchorSegment &+ 1 &+ UInt64(usable.count)
            && anchorSegment < Self.numberMax && generation < FrameHeader.positionMax
            && nextFileIndex < Self.fileIndexMax
            && anchor.lastGroup <= FrameHeader.positionMax
            && anchor.nextPosition.rawValue <= FrameHeader.positionMax
            && areSealedFilesConsistent
    }

    /// Files follow one another in the order of positions, and end at the anchor or before.
    private var areSealedFilesConsistent: Bool {
        var end = Position.start
        for entry in sealedFiles {
            guard end <= entry.positions.lowerBound, entry.isConsistent,
                entry.number < nextSealedNumber
            else { return false }
            end = entry.positions.upperBound
        }
        return end <= anchor.nextPosition && removalFileNumber < nextSealedNumber
            && nextSealedNumber <= FrameHeader.positionMax
            && Set(sealedFiles.map(\.number)).count == sealedFiles.count
    }

    // MARK: Writing

    private var contentBytes: Int {
        Self.headerBytes + (segments.count + sealedFiles.count) * Self.entryBytes
    }
    /// What the file takes at most: its contents twice, each rounded up.
    var fileBytes: Int { 2 * (contentBytes + 2 * TwinFile.unit) }

    func write(in files: any FileSystem) throws(DiskError) {
        precondition(isConsistent, "a manifest is checked before it is written")
        let memory = try Self.twin.encode(contentBytes: contentBytes) { memory, offset in
            encode(into: memory, at: offset)
        }
        try Self.twin.replace(with: memory, in: files)
    }

    private func encode(into memory: PageMemory, at start: Int) {
        storeID.encode(into: memory, at: start)
        memory.store(generation, at: start + 16)
        memory.store(anchor.lastGroup, at: start + 24)
        memory.store(anchor.nextPosition.rawValue, at: start + 32)
        memory.store(anchorSegment, at: start + 40)
        memory.store(anchor.frameChecksum, at: start + 48)
        memory.store(nextFileIndex, at: start + 52)
        memory.store(nextSegmentNumber, at: start + 56)
        memory.store(UInt32(segments.count), at: start + 64)
        memory.store(UInt32(sealedFiles.count), at: start + 68)
        memory.store(nextSealedNumber, at: start + 72)
        memory.store(removalFileNumber, at: start + 80)
        for (index, entry) in segments.enumerated() {
            let offset = start + Self.headerBytes + index * Self.entryBytes
            memory.store(entry.number, at: offset)
            entry.incarnation.encode(into: memory, at: offset + 8)
            memory.store(entry.fileIndex, at: offset + 24)
        }
        for (index, entry) in sealedFiles.enumerated() {
            let offset = start + Self.headerBytes + (segments.count + index) * Self.entryBytes
            entry.encode(into: memory, at: offset)
        }
    }
}
