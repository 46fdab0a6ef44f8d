import EmakiPlatform

/// A sealed file under another name, on another disk perhaps.
///
/// A copy is made byte by byte from the open file, so it is of no consequence whether that still
/// has a name, under a temporary name; then it is read from the device and held against its own
/// checksums, which are the original's, and mended by its parity where the original was damaged;
/// only then it gets its name. So damage is never copied in silence.
///
/// A link is another name for the same file. That is safe because nothing but a page that fails its
/// checksum is ever overwritten in a sealed file, by bytes that match it: whichever of the stores
/// does it, all of them gain. But one damaged device takes both.
struct SealedCopy {
    /// How much of the copy is checked.
    enum Proof {
        /// Every page against its checksum.
        case pages
        /// All that a scrub checks.
        case everything
    }

    let source: SealedFile
    let path: String
    let files: any FileSystem
    var proof = Proof.pages

    /// The system's memory holds no more of a copy that is not on the device than so many bytes:
    /// commits wait behind what it writes at once.
    var unsyncedBytesMax = 8 << 20

    static let gentleBytesMax = 256 << 10
    private static let pieceBytesMax = 1 << 20
    private var pieceBytes: Int { min(Self.pieceBytesMax, unsyncedBytesMax) }

    private var temporaryPath: String { path + SealedEntry.temporarySuffix }
    private var storeID: Bits128 { source.footer.storeID }

    /// Whether a sealed file of this name is there that says of itself that it is a copy. Only its
    /// footer is read.
    func isThere() throws(LogError) -> Bool {
        try isSame(at: path)
    }

    /// Names the original. Its folder is to be synced by the caller.
    /// - Parameter name: of the original, below the root of `origin`.
    /// - Returns: false if that cannot be done; then it can be copied.
    func link(_ name: String, in origin: any FileSystem) throws(LogError) -> Bool {
        try removeLeftover()
        do {
            try origin.link(name, to: temporaryPath, in: files)
        } catch {
            return false
        }
        // A merge may have removed the file, and an opening of the store given its number to
        // another.
        guard try isSame(at: temporaryPath) else {
            try removeLeftover()
            return false
        }
        try LogError.translating(path) { () throws(DiskError) in
            try files.rename(temporaryPath, to: path)
        }
        return true
    }

    /// Copies the file. Its folder is to be synced by the caller.
    /// - Parameter progress: called after each piece with its bytes; false ends it.
    /// - Returns: how many pages of the copy had to be mended by its parity, because the original
    ///   was damaged; nil if it was ended, and nothing is left of it.
    func copy(progress: (Int) -> Bool) throws(LogError) -> Int? {
        do throws(LogError) {
            if try copyBytes(progress), let mended = try prove(progress) {
                try LogError.translating(path) { () throws(DiskError) in
                    try files.rename(temporaryPath, to: path)
                }
                return mended
            }
        } catch {
            abandon()
            throw error
        }
        abandon()
        return nil
    }

    private func copyBytes(_ progress: (Int) -> Bool) throws(LogError) -> Bool {
        try removeLeftover()
        let (target, buffer) = try LogError.translating(path) { () throws(DiskError) in
            let buffer = try PageMemory(byteCount: pieceBytes)
            return (try files.open(temporaryPath, OpenMode(.mustBeNew)), buffer)
        }
        defer { target.close() }
        let fileBytes = source.footer.fileBytes
        var unsyncedBytes = 0
        for offset in stride(from: 0, to: fileBytes, by: pieceBytes) {
            let piece = offset..<min(offset + pieceBytes, fileBytes)
            try source.pages.copy(piece, into: buffer)
            unsyncedBytes += piece.count
            let isLast = piece.upperBound == fileBytes
            try LogError.translating(path) { () throws(DiskError) in
                try buffer.withBytes(in: 0..<piece.count) { (bytes: RawSpan) throws(DiskError) in
                    try target.write(bytes, at: offset)
                }
                if unsyncedBytes >= unsyncedBytesMax || isLast {
                    try target.sync()
                    unsyncedBytes = 0
                }
            }
            guard progress(piece.count) else { return false }
        }
        return true
    }

    /// Reads the copy past the page cache.
    /// - Returns: how many pages were mended; nil if it was ended.
    private func prove(_ progress: (Int) -> Bool) throws(LogError) -> Int? {
        let copy = try SealedFile.open(
            temporaryPath, named: source.pages.path, storeID: storeID, isWritable: true, in: files)
        defer { copy.pages.close() }
        guard copy.footer == source.footer else {
            throw copy.pages.corrupt(at: 0, .badHeader, "the copy of it is another file")
        }
        switch proof {
        case .pages:
            guard try copy.checkPages(goesOn: { progress(0) }) else { return nil }
            return try copy.pages.repairs + copy.pages.scrubFooters()
        case .everything: return try copy.check(goesOn: { progress(0) })?.repairedCount
        }
    }

    /// - Returns: false if there is no such file, or it is damaged or another.
    private func isSame(at path: String) throws(LogError) -> Bool {
        let file: any File
        do {
            file = try files.open(path, OpenMode(.mustExist, writable: false))
        } catch {
            guard error.isNotFound else { throw LogError(error, file: path) }
            return false
        }
        do throws(LogError) {
            let found = try SealedFile(file, path: path, storeID: storeID, isWritable: false)
            defer { found.pages.close() }
            return found.footer == source.footer
        } catch {
            file.close()
            guard case .corrupt = error else { throw error }
            return false
        }
    }

    private func removeLeftover() throws(LogError) {
        try LogError.translating(path) { () throws(DiskError) in
            if try files.kind(of: temporaryPath) != nil { try files.remove(temporaryPath) }
        }
    }

    /// What was written has no name that anybody asks for: it costs space at most.
    private func abandon() {
        do throws(LogError) {
            try removeLeftover()
        } catch {
            // The next backup removes it.
        }
    }
}
