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

    /// Looks at what is held, and changes nothing.
    init(in files: any FileSystem, wantedBytes: Int) {
        self.files = files
        self.wantedBytes = wantedBytes
        // What cannot be looked at holds nothing; making it whole will say why.
        let found = try? Self.byteCount(in: files)
        held = (found ?? nil) ?? 0
        isThere = (found ?? nil) != nil
    }

    private static func byteCount(in files: any FileSystem) throws(DiskError) -> Int? {
        guard try files.kind(of: name) != nil else { return nil }
        let file = try files.open(name, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        return try file.byteCount()
    }

    /// What it holds now.
    package var heldBytes: Int { lock.withLock { held } }
    package var isWhole: Bool { heldBytes >= wantedBytes }
    /// Some of it was given up, or making it was interrupted.
    var isGivenUp: Bool { lock.withLock { isThere && held < wantedBytes } }

    /// Makes it as large as it should be; durable on return.
    /// - Throws: what the disk says, `isNoSpace` if there is no room for all of it: then it holds
    ///   what it held.
    package func refill() throws(DiskError) {
        calls.lock()
        defer { calls.unlock() }
        let (held, isThere) = lock.withLock { (self.held, self.isThere) }
        guard held != wantedBytes else { return }
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
        take(held: wantedBytes)
    }

    private func take(held: Int) {
        lock.withLock {
            self.held = held
            isThere = true
        }
    }

    /// Gives some of it to whoever writes next.
    /// - Returns: false if there was nothing to give.
    package func give(_ byteCount: Int) throws(DiskError) -> Bool {
        calls.lock()
        defer { calls.unlock() }
        let held = heldBytes
        guard held > 0 else { return false }
        let file = try files.open(Self.name, OpenMode(.mustExist))
        defer { file.close() }
        let rest = max(0, held - byteCount)
        try file.resize(to: rest)
        take(held: rest)
        // Some file systems give blocks back only then.
        try file.sync()
        return true
    }

    /// Runs what may find the disk full; then once more, with some of this given up. If that was
    /// in vain it is taken back.
    /// - Parameter byteCount: what it needs at most.
    func drawing<R>(
        _ byteCount: Int, _ body: () throws(LogError) -> R
    ) throws(LogError) -> R {
        do {
            return try body()
        } catch .noSpace where (try? give(byteCount)) == true {
            do throws(LogError) {
                return try body()
            } catch {
                try? refill()
                throw error
            }
        }
    }

    /// As `drawing`, for calls to the disk.
    func drawing<R>(
        _ byteCount: Int, _ body: () throws(DiskError) -> R
    ) throws(DiskError) -> R {
        do {
            return try body()
        } catch {
            guard error.isNoSpace, (try? give(byteCount)) == true else { throw error }
            do throws(DiskError) {
                return try body()
            } catch {
                try? refill()
                throw error
            }
        }
    }
}
