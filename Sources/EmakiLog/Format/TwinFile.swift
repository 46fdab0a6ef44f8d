import EmakiPlatform

/// A file that is stored twice inside itself and only ever replaced whole: STORE, MANIFEST, the
/// removals of what is sealed.
///
/// A copy is a multiple of 4,096 bytes and starts with
///
///     offset  bytes
///        0      8   magic
///        8      4   checksum of bytes 12..<length (CRC32C)
///       12      4   format version
///       16      4   length: bytes that mean something
///       20      4   zero
///       24          the contents
///
/// Replaced by: temporary name, write, sync, rename, sync of the folder. A crash at any point
/// leaves the old file or the new one.
struct TwinFile {
    let name: String
    let magic: UInt64
    let byteCountMax: Int
    /// That the file is in, for the sync of its name.
    var folder = ""

    static let headerBytes = 24
    static let unit = 4096

    var temporaryName: String { name + ".new" }

    // MARK: Reading

    struct Contents {
        var memory: PageMemory
        /// Place of the good copy's contents.
        var range: Range<Int>
        /// One copy was bad: the file should be written again.
        var isHalfBad: Bool
    }

    /// Reads the file and takes its first good copy.
    /// - Throws: `.corrupt` if it is missing or both copies are bad, `.unsupportedFormat`, `.disk`.
    func read(in files: any FileSystem) throws(LogError) -> Contents {
        let file: any File
        do {
            file = try files.open(name, OpenMode(.mustExist, writable: false))
        } catch {
            guard error.isNotFound else { throw LogError(error, file: name) }
            throw corrupt(.missingFile, "a store has this file from its creation on")
        }
        defer { file.close() }
        let byteCount = try LogError.translating(name) { () throws(DiskError) in
            try file.dropCache()
            return try file.byteCount()
        }
        guard byteCount > 0, byteCount % (2 * Self.unit) == 0, byteCount <= byteCountMax else {
            throw corrupt(.wrongSize, "\(byteCount) bytes long")
        }
        let (memory, unreadable) = try LogError.translating(name) { () throws(DiskError) in
            try read(file, byteCount: byteCount)
        }
        let half = byteCount / 2
        let first = decode(memory, at: 0, half: half)
        let second = decode(memory, at: half, half: half)
        switch (first, second) {
        case (.good(let one), .good(let other)) where !isSame(one, other, in: memory):
            throw corrupt(.badHeader, "its two copies pass their checksums and differ")
        case (.good(let range), let other), (let other, .good(let range)):
            var isHalfBad = true
            if case .good = other { isHalfBad = false }
            return Contents(memory: memory, range: range, isHalfBad: isHalfBad)
        case (.newer(let version), _), (_, .newer(let version)):
            throw .unsupportedFormat(file: name, version: version)
        case (.bad, .bad):
            if let unreadable {
                throw .corrupt(
                    Corruption(
                        file: name, fileOffset: unreadable, reason: .unreadable,
                        evidence: "neither of its two copies can be used"))
            }
            throw corrupt(.badHeader, "neither of its two copies passes its checksum")
        }
    }

    /// Reads the whole file at once; if the device does not give all of it, unit by unit: what
    /// cannot be read stays zero, as in a damaged copy.
    /// - Returns: the bytes, and where the first of them is that cannot be read.
    private func read(
        _ file: any File, byteCount: Int
    ) throws(DiskError) -> (PageMemory, unreadable: Int?) {
        let memory = try PageMemory(byteCount: byteCount)
        if try Self.read(file, 0..<byteCount, into: memory) { return (memory, nil) }
        var unreadable: Int?
        for offset in stride(from: 0, to: byteCount, by: Self.unit) {
            let unit = offset..<offset + Self.unit
            guard try !Self.read(file, unit, into: memory) else { continue }
            unreadable = unreadable ?? offset
            memory.zero(unit)
        }
        return (memory, unreadable)
    }

    /// - Returns: false if the device cannot read a part of the range.
    private static func read(
        _ file: any File, _ range: Range<Int>, into memory: PageMemory
    ) throws(DiskError) -> Bool {
        do {
            _ = try memory.withMutableBytes(in: range) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try file.read(into: &bytes, at: range.lowerBound)
            }
            return true
        } catch {
            guard error.isUnreadable else { throw error }
            return false
        }
    }

    /// Writes a file again of which one copy is bad, if there is room and permission for it.
    /// - Returns: nil, or why it stays as it is, which the other copy makes harmless.
    func mend(_ write: () throws(DiskError) -> Void) throws(LogError) -> String? {
        do {
            try write()
            return nil
        } catch {
            guard error.isNoSpace || error.isReadOnly || error.isNoPermission else {
                throw LogError(error, file: name)
            }
            return "one of the two copies of \(name) is damaged and could not be written again:"
                + " \(error)"
        }
    }

    /// Both copies were written at once, so one that differs is what an older file left there.
    private func isSame(_ one: Range<Int>, _ other: Range<Int>, in memory: PageMemory) -> Bool {
        one.count == other.count
            && memory.withBytes(in: one) { memory.isEqual($0, at: other.lowerBound) }
    }

    private enum Copy {
        case good(Range<Int>)
        case newer(UInt32)
        case bad
    }

    private func decode(_ memory: PageMemory, at start: Int, half: Int) -> Copy {
        guard memory.loadUInt64(at: start) == magic else { return .bad }
        let length = Int(memory.loadUInt32(at: start + 16))
        guard length >= Self.headerBytes, length <= half,
            memory.checksum(start + 12..<start + length, seed: 0)
                == memory.loadUInt32(at: start + 8)
        else { return .bad }
        let version = memory.loadUInt32(at: start + 12)
        guard version == StoreFile.formatVersion else { return .newer(version) }
        return .good(start + Self.headerBytes..<start + length)
    }

    func corrupt(_ reason: Corruption.Reason, _ evidence: String) -> LogError {
        .corrupt(Corruption(file: name, fileOffset: 0, reason: reason, evidence: evidence))
    }

    // MARK: Writing

    /// Lays out both copies.
    /// - Parameter encode: writes the contents at the given offset.
    func encode(
        contentBytes: Int, _ encode: (PageMemory, Int) -> Void
    ) throws(DiskError) -> PageMemory {
        let length = Self.headerBytes + contentBytes
        let half = (length + Self.unit - 1) & ~(Self.unit - 1)
        let memory = try PageMemory(byteCount: 2 * half)
        for start in [0, half] {
            memory.store(magic, at: start)
            memory.store(StoreFile.formatVersion, at: start + 12)
            memory.store(UInt32(length), at: start + 16)
            encode(memory, start + Self.headerBytes)
            memory.store(memory.checksum(start + 12..<start + length, seed: 0), at: start + 8)
        }
        return memory
    }

    /// Puts new contents in place; durable on return.
    func replace(with memory: PageMemory, in files: any FileSystem) throws(DiskError) {
        if try files.kind(of: temporaryName) != nil { try files.remove(temporaryName) }
        let file = try files.open(temporaryName, OpenMode(.mustBeNew))
        defer { file.close() }
        try memory.withBytes(in: 0..<memory.byteCount) { (bytes: RawSpan) throws(DiskError) in
            try file.write(bytes, at: 0)
        }
        try file.sync()
        try files.rename(temporaryName, to: name)
        try files.syncFolder(folder)
    }
}

extension LogError {
    /// Runs calls to the disk and names the file in what they throw.
    static func translating<R>(
        _ file: String, _ body: () throws(DiskError) -> R
    ) throws(LogError) -> R {
        do {
            return try body()
        } catch {
            throw LogError(error, file: file)
        }
    }

    /// What a failed call to the disk means to a caller.
    init(_ error: DiskError, file: String) {
        if error.isNoSpace {
            self = .noSpace
        } else if error.isReadOnly {
            self = .readOnly
        } else if error.isNoPermission {
            self = .noPermission(path: file)
        } else {
            self = .disk(file: file, operation: "\(error.operation)", code: error.code)
        }
    }
}
