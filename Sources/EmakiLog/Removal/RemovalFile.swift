import EmakiPlatform

/// What streams had lost when segments were sealed: the removals of all segments so far, of which
/// the records are gone with their segments. Written anew by each sealing that meets a removal,
/// and listed by MANIFEST. Twice in itself, as STORE and MANIFEST are.
///
///     offset  bytes   (from the start of the contents, see `TwinFile`)
///        0     16   store id
///       16      8   number, which names the file
///       24      8   streams
///       32          for each stream, in the order of ids:
///                     0   8   events up to and including this version are removed
///                     8   8   version at which it was last deleted, 0 if it never was
///                    16   8   when the events of the next field expire, in nanoseconds since 1970
///                    24   8   events up to and including this version expire; 0: none will
///                    32   1   stream id bytes
///                    33   7   zero
///                    40       stream id · zeros up to 8
struct RemovalFile {
    private static let headerBytes = 32
    private static let entryBytes = 40
    private static let entryBytesMax = entryBytes + 256
    private static let byteCountMax =
        2 * (TwinFile.headerBytes + headerBytes + Limits.removedStreamsMax * entryBytesMax)
        + 2 * TwinFile.unit

    let number: UInt64
    let path: String
    private let twin: TwinFile
    static let suffix = ".removals"

    /// - Parameter folder: that it is in, if not where a store has it; it has the number's digits
    ///   there, or a name of its own.
    init(number: UInt64, in folder: String = StoreFolder.sealed, named name: String? = nil) {
        self.number = number
        path =
            name.map { folder + "/" + $0 + Self.suffix }
            ?? SealedEntry.path(ofNumber: number) + Self.suffix
        twin = TwinFile(
            name: path, magic: 0x4F4D_4552_4B41_4D45, byteCountMax: Self.byteCountMax,
            folder: folder)
    }

    // MARK: Reading

    /// - Throws: `.corrupt` if the file is missing or makes no sense, `.disk`.
    func read(
        in files: any FileSystem, storeID: Bits128
    ) throws(LogError) -> (extents: [StreamID: Removals.Extent], isHalfBad: Bool) {
        let contents = try twin.read(in: files)
        guard let extents = decode(contents.memory, contents.range, storeID: storeID) else {
            throw twin.corrupt(.badHeader, "store, number or entries that make no sense")
        }
        return (extents, contents.isHalfBad)
    }

    /// Writes the file again if one of its copies is bad.
    /// - Returns: whether it was; nil: it was, and there is no room or permission.
    /// - Throws: as `read(in:storeID:)`.
    func mend(in files: any FileSystem, storeID: Bits128) throws(LogError) -> Bool? {
        let (extents, isHalfBad) = try read(in: files, storeID: storeID)
        guard isHalfBad else { return false }
        let failure = try twin.mend { () throws(DiskError) in
            try write(extents, storeID: storeID, in: files)
        }
        return failure == nil ? true : nil
    }

    /// Looks at both copies, and mends one by the other.
    func scrub(
        in files: any FileSystem, storeID: Bits128, _ isReadOnly: Bool, _ report: inout ScrubReport
    ) throws(LogError) {
        do throws(LogError) {
            let isHalfBad =
                isReadOnly
                ? try read(in: files, storeID: storeID).isHalfBad
                : try mend(in: files, storeID: storeID) ?? true
            if isHalfBad { report.repairedPages += 1 }
        } catch .corrupt(let corruption) {
            // A sealing may have put another one in its place meanwhile.
            guard corruption.reason != .missingFile else { return }
            report.damages.append(corruption)
        }
        report.files += 1
    }

    /// Whether both copies on the device hold this.
    func isWhole(
        _ extents: [StreamID: Removals.Extent], in files: any FileSystem, storeID: Bits128
    ) throws(LogError) -> Bool {
        let contents = try twin.read(in: files)
        return !contents.isHalfBad
            && decode(contents.memory, contents.range, storeID: storeID) == extents
    }

    private func decode(
        _ memory: PageMemory, _ range: Range<Int>, storeID: Bits128
    ) -> [StreamID: Removals.Extent]? {
        // Within the copy, which is 4,096 bytes at least, also where the contents are shorter.
        guard Bits128(from: memory, at: range.lowerBound) == storeID,
            memory.loadUInt64(at: range.lowerBound + 16) == number
        else { return nil }
        let count = memory.loadUInt64(at: range.lowerBound + 24)
        var extents: [StreamID: Removals.Extent] = [:]
        var offset = range.lowerBound + Self.headerBytes
        while offset < range.upperBound {
            guard range.upperBound - offset > Self.entryBytes else { return nil }
            let through = memory.loadUInt64(at: offset)
            let deletedAt = memory.loadUInt64(at: offset + 8)
            let expiring = memory.loadUInt64(at: offset + 24)
            let expiry =
                expiring == 0
                ? nil
                : Removals.Expiry(
                    instant: Int64(bitPattern: memory.loadUInt64(at: offset + 16)),
                    through: StreamVersion(expiring))
            let idBytes = Int(memory.loadUInt8(at: offset + 32))
            let start = offset + Self.entryBytes
            guard idBytes > 0, max(through, expiring) > 0,
                through <= FrameHeader.positionMax, deletedAt <= through,
                expiring <= FrameHeader.positionMax, expiring == 0 || expiring > through,
                range.upperBound - start >= (idBytes + 7) & ~7,
                let text = memory.withBytes(
                    in: start..<start + idBytes, { String(validating: $0) })
            else { return nil }
            extents[StreamID(checked: text)] = Removals.Extent(
                through: StreamVersion(through), deletedAt: StreamVersion(deletedAt),
                expiry: expiry)
            offset = start + (idBytes + 7) & ~7
        }
        return offset == range.upperBound && UInt64(extents.count) == count ? extents : nil
    }

    // MARK: Writing

    /// About what a file of this takes.
    static func byteCount(of extents: [StreamID: Removals.Extent]) -> Int {
        let entryBytes = extents.keys.reduce(0) {
            $0 + Self.entryBytes + ($1.text.utf8.count + 7) & ~7
        }
        return 2 * (TwinFile.headerBytes + headerBytes + entryBytes + TwinFile.unit)
    }

    /// Writes the file, and reads it back before anything rests on it.
    /// - Throws: `.corrupt` if it does not hold what was written; `.noSpace`, `.disk`.
    func make(
        _ extents: [StreamID: Removals.Extent], storeID: Bits128, in files: any FileSystem
    ) throws(LogError) {
        try LogError.translating(path) { () throws(DiskError) in
            try write(extents, storeID: storeID, in: files)
        }
        guard try isWhole(extents, in: files, storeID: storeID) else {
            throw .corrupt(
                Corruption(
                    file: path, fileOffset: 0, reason: .badBatch,
                    evidence: "it does not hold what was written to it"))
        }
    }

    /// Durable on return.
    func write(
        _ extents: [StreamID: Removals.Extent], storeID: Bits128, in files: any FileSystem
    ) throws(DiskError) {
        let entries = extents.map { (id: Array($0.key.text.utf8), extent: $0.value) }
            .sorted { $0.id.lexicographicallyPrecedes($1.id) }
        let entryBytes = entries.reduce(0) { $0 + Self.entryBytes + ($1.id.count + 7) & ~7 }
        let memory = try twin.encode(contentBytes: Self.headerBytes + entryBytes) {
            memory, start in
            storeID.encode(into: memory, at: start)
            memory.store(number, at: start + 16)
            memory.store(UInt64(entries.count), at: start + 24)
            var offset = start + Self.headerBytes
            for (id, extent) in entries {
                memory.store(extent.through.rawValue, at: offset)
                memory.store(extent.deletedAt.rawValue, at: offset + 8)
                memory.store(UInt64(bitPattern: extent.expiry?.instant ?? 0), at: offset + 16)
                memory.store(extent.expiry?.through.rawValue ?? 0, at: offset + 24)
                memory.store(UInt64(id.count), at: offset + 32)
                id.withRawSpan { memory.copy($0, at: offset + Self.entryBytes) }
                offset += Self.entryBytes + (id.count + 7) & ~7
            }
        }
        try twin.replace(with: memory, in: files)
    }
}
