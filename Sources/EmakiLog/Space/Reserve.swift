import EmakiPlatform

/// Space that is held for a full disk, as a file of which nobody reads a byte. It is made smaller
/// when something that must always work finds no room, and is made whole again before a segment
/// for events is made.
///
/// Calls go to the disk, one at a time, under no lock but its own.
package final class Reserve: @unchecked Sendable {
    static let name = "RESERVE"

    private let files: any FileSystem
    /// What it should hold.
    package let wantedBytes: Int
    /// One call to the disk after the other.
    private let calls = Lock()
    /// Never held during a call to the disk.
    private let lock = Lock()
    // Guarded by `lock`, and changed under `calls`.
    private var held: Int
    private var isThere: Bool
    /// It could not be made whole when that was last tried.
    private var wasRefused = false
    /// The space was asked for since the log was opened: a copied file may have its size only.
    private var isAllocated = false
    /// Who found no room otherwise, and is at work with what was given.
    private var drawingCount = 0

    /// Looks at what is held, and changes nothing.
    init(in files: any FileSystem, wantedBytes: Int) {
        self.files = files
        self.wantedBytes = wantedBytes
        // What cannot be looked at holds nothing; making it whole will say why.
        let found = try? Self.byteCount(in: files)
        held = found ?? 0
        isThere = found != nil
    }

    private static func byteCount(in files: any FileSystem) throws(DiskError) -> Int {
        let file = try files.open(name, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        return try file.byteCount()
    }

    /// What it holds now.
    package var heldBytes: Int { lock.withLock { held } }
    package var isWhole: Bool { heldBytes >= wantedBytes }
    /// Some of it was given up, or it could not be made. One that was not made yet is not short.
    package var isShort: Bool {
        lock.withLock { held < wantedBytes && (isThere || wasRefused) }
    }
    /// There is something to do for `refill`.
    package var needsRefill: Bool {
        lock.withLock { held != wantedBytes || (wantedBytes > 0 && !isAllocated) }
    }

    /// Makes it as large as it should be; durable on return. As long as somebody draws on it
    /// nothing is taken back.
    /// - Throws: what the disk says, `isNoSpace` if there is no room for all of it: then it holds
    ///   what it held.
    package func refill() throws(DiskError) {
        calls.lock()
        defer { calls.unlock() }
        let (held, isThere, isDrawn) = lock.withLock {
            (self.held, self.isThere, drawingCount > 0)
        }
        guard needsRefill else { return }
        guard !isDrawn else { throw .noSpace(.allocate) }
        do throws(DiskError) {
            try makeWhole(held: held, isThere: isThere)
        } catch {
            lock.withLock { wasRefused = true }
            throw error
        }
        lock.withLock {
            self.held = wantedBytes
            self.isThere = true
            isAllocated = true
            wasRefused = false
        }
    }

    private func makeWhole(held: Int, isThere: Bool) throws(DiskError) {
        let file = try files.open(Self.name, OpenMode(.createIfMissing))
        defer { file.close() }
        if held > wantedBytes {
            try file.resize(to: wantedBytes)
        } else {
            do {
                try file.allocate(wantedBytes)
            } catch {
                // What it got of the rest is not what was asked for, and others may need it.
                try? file.resize(to: held)
                throw error
            }
        }
        try file.sync()
        if !isThere { try files.syncFolder("") }
    }

    /// What the room is for.
    package enum Use {
        /// A file that MANIFEST is to list.
        case file
        /// A MANIFEST that lists it.
        case manifest
    }

    /// What no file gets: one that took all there is could not be listed, and would be in vain.
    private var keptForManifest: Int { min(wantedBytes / 8, 256 << 10) }

    /// Gives some of it to whoever writes next.
    /// - Returns: false if there was nothing to give.
    package func give(_ byteCount: Int, for use: Use) throws(DiskError) -> Bool {
        calls.lock()
        defer { calls.unlock() }
        let held = heldBytes
        let rest = max(0, held - byteCount, use == .file ? min(held, keptForManifest) : 0)
        guard rest < held else { return false }
        let file = try files.open(Self.name, OpenMode(.mustExist))
        defer { file.close() }
        try file.resize(to: rest)
        lock.withLock { self.held = rest }
        // Some file systems give blocks back only then.
        try file.sync()
        return true
    }

    /// Runs what may find the disk full; then once more, with some of this given up. Afterwards it
    /// is to be made whole again.
    /// - Parameter byteCount: what it needs at most.
    func drawing<R>(
        _ byteCount: Int, for use: Use, _ body: () throws(LogError) -> R
    ) throws(LogError) -> R {
        do {
            return try body()
        } catch .noSpace {
            return try lending(byteCount, for: use, or: .noSpace, body)
        }
    }

    /// As `drawing`, for calls to the disk.
    func drawing<R>(
        _ byteCount: Int, for use: Use, _ body: () throws(DiskError) -> R
    ) throws(DiskError) -> R {
        do {
            return try body()
        } catch {
            guard error.isNoSpace else { throw error }
            return try lending(byteCount, for: use, or: error, body)
        }
    }

    private func lending<R, E: Error>(
        _ byteCount: Int, for use: Use, or error: E, _ body: () throws(E) -> R
    ) throws(E) -> R {
        lock.withLock { drawingCount += 1 }
        defer { lock.withLock { drawingCount -= 1 } }
        // Also with nothing to give: `refill` may have had the rest of the disk for a moment, and
        // has given it back by now.
        guard wantedBytes > 0, (try? give(byteCount, for: use)) != nil else { throw error }
        return try body()
    }
}
