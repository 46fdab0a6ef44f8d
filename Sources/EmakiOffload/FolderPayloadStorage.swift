import EmakiPlatform
import EmakiWorkflow

/// Payloads in files of one folder, named after what is in them.
///
///     FOLDER/HASH-BYTES                    a payload; `-1` and so on behind it if another one of
///                                          this size has the same hash
///     FOLDER/new-SECONDS-RANDOM            one that is being written
///     FOLDER/unreferenced/SECONDS/…        what no history referred to at that time
///
/// A payload is written to a file of its own, synced, given its name, and the folder is synced:
/// `put` costs two syncs, or one if the payload is there already. Two payloads are the same only if
/// all their bytes are: the hash finds, and proves nothing. A file that is damaged is replaced when
/// the same payload is put again. Its own operating system's user reads and writes it, nobody else.
///
/// A folder belongs to one store. It is no part of the store's backup: copy it after the store, or
/// a reference may point at what the copy has not.
public final class FolderPayloadStorage: PayloadStorage {
    static let asideName = "unreferenced"
    static let newPrefix = "new-"
    private static let nanosecondsPerSecond: Int64 = 1_000_000_000
    /// Payloads of one size and hash.
    private static let sameHashMax = 100

    let files: any FileSystem
    private let entropy = SystemEntropy()

    /// Makes the folder if it is not there; durable on return. What it is in must be there.
    /// - Throws: `OffloadError.storage`.
    public convenience init(at folder: String) throws(OffloadError) {
        let files = PosixFileSystem(root: folder)
        try Self.reporting { () throws(DiskError) in
            try Self.make("", in: files)
            // Also if it is there: who made it may have ended before that was durable.
            try files.syncFolder("..")
        }
        try self.init(files)
    }

    /// - Parameter files: at whose root the folder is.
    package init(_ files: any FileSystem) throws(OffloadError) {
        self.files = files
        try Self.reporting { () throws(DiskError) in
            try Self.make(Self.asideName, in: files)
            try files.syncFolder("")
        }
    }

    private static func make(_ folder: String, in files: any FileSystem) throws(DiskError) {
        guard try files.kind(of: folder) == nil else { return }
        do throws(DiskError) {
            try files.makeFolder(folder)
        } catch {
            // Another process was faster.
            guard error.isExists else { throw error }
        }
    }

    static func reporting<R>(
        _ body: () throws(DiskError) -> R
    ) throws(OffloadError) -> R {
        do throws(DiskError) {
            return try body()
        } catch {
            throw .storage("the folder of payloads: \(error)")
        }
    }

    static var wallSeconds: Int64 { SystemClock.wallNanoseconds() / nanosecondsPerSecond }

    // MARK: Keeping

    /// Keeps bytes; the same bytes are kept once. Durable on return.
    /// - Throws: `OffloadError.storage`: the disk is full, or fails. Nothing that is there changes.
    public func put(_ bytes: [UInt8]) throws -> String {
        let hash = bytes.withRawSpan { StableHash.hash($0) }
        let digits = String(hash, radix: 16)
        let name = String(repeating: "0", count: 16 - digits.count) + digits + "-\(bytes.count)"
        return try Self.reporting { () throws(DiskError) in
            for number in 0..<Self.sameHashMax {
                let key = number == 0 ? name : "\(name)-\(number)"
                switch try look(at: key, bytes, hash) {
                case .same:
                    // It may have got its name in a process that ended before that was durable.
                    try files.syncFolder("")
                    return key
                case .other: continue
                case .useless:
                    try write(bytes, key)
                    return key
                }
            }
            throw DiskError(.open, Self.noName)
        }
    }

    /// `EEXIST`, which is this number on all systems there are.
    private static let noName: Int32 = 17

    private enum Found { case same, other, useless }

    /// What a name shows, compared with what it should.
    private func look(
        at key: String, _ bytes: [UInt8], _ hash: UInt64
    ) throws(DiskError) -> Found {
        guard let found = try read(key) else { return .useless }
        if found == bytes {
            try restore(key)
            // It may have been aside only, and be removed from there since.
            return try files.kind(of: key) == nil ? .useless : .same
        }
        let isSound =
            found.count == bytes.count && found.withRawSpan { StableHash.hash($0) } == hash
        return isSound ? .other : .useless
    }

    private func write(_ bytes: [UInt8], _ key: String) throws(DiskError) {
        let random = String(entropy.next(), radix: 16)
        let temporary = "\(Self.newPrefix)\(Self.wallSeconds)-\(random)"
        do throws(DiskError) {
            let file = try files.open(temporary, OpenMode(.mustBeNew))
            defer { file.close() }
            try bytes.withRawSpan { (span: RawSpan) throws(DiskError) in
                try file.write(span, at: 0)
            }
            // Only what is durable gets the name.
            try file.sync()
            try files.rename(temporary, to: key)
            try files.syncFolder("")
        } catch {
            // What is left of it is removed now, or when it is old.
            do { try files.remove(temporary) } catch {}
            throw error
        }
    }

    // MARK: Reading

    /// The bytes of a key. They are as the file has them: `OffloadingCodec` compares them with the
    /// reference.
    /// - Throws: `OffloadError.missing`; `OffloadError.storage` if the disk does not give them.
    public func get(_ key: String) throws -> [UInt8] {
        guard Self.isName(key) else { throw OffloadError.missing(key: key) }
        let bytes = try Self.reporting { () throws(DiskError) in try read(key) }
        guard let bytes else { throw OffloadError.missing(key: key) }
        return bytes
    }

    /// Of a payload: it leads to no other place.
    static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return (2...3).contains(parts.count) && parts[0].utf8.count == 16
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { OffloadingCodec.isOfKey($0) }
            } && !text.contains(".")
    }

    /// Nil: there is nothing of this name, nor aside.
    private func read(_ key: String) throws(DiskError) -> [UInt8]? {
        // Once more for one that was set aside, or brought back, just now.
        for _ in 0..<2 {
            if let bytes = try read(path: key) { return bytes }
            for path in try placesAside(of: key) {
                if let bytes = try read(path: path) { return bytes }
            }
        }
        return nil
    }

    private func read(path: String) throws(DiskError) -> [UInt8]? {
        let file: any File
        do throws(DiskError) {
            file = try files.open(path, OpenMode(.mustExist, writable: false))
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
        defer { file.close() }
        let byteCount = try file.byteCount()
        guard byteCount > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = try bytes.withMutableRawSpan { (span: inout MutableRawSpan) throws(DiskError) in
            try file.read(into: &span, at: 0)
        }
        return count == byteCount ? bytes : Array(bytes.prefix(count))
    }

    // MARK: Aside

    /// Where a payload may be, of which no history was.
    func placesAside(of key: String) throws(DiskError) -> [String] {
        var places: [String] = []
        for (folder, _) in try foldersAside() {
            let path = "\(Self.asideName)/\(folder)/\(key)"
            if try files.kind(of: path) != nil { places.append(path) }
        }
        return places
    }

    /// Those that were made for what was set aside, and when; whatever else is there is somebody's.
    func foldersAside() throws(DiskError) -> [(name: String, since: Int64)] {
        var folders: [(name: String, since: Int64)] = []
        for name in try files.list(Self.asideName) {
            guard let since = Int64(name),
                try files.kind(of: "\(Self.asideName)/\(name)") == .folder
            else { continue }
            folders.append((name, since))
        }
        return folders
    }

    /// Gives a payload its place back, if it was set aside.
    /// - Returns: true if it was.
    @discardableResult
    func restore(_ key: String) throws(DiskError) -> Bool {
        if try files.kind(of: key) != nil { return false }
        for path in try placesAside(of: key) {
            do throws(DiskError) {
                try files.rename(path, to: key)
                return true
            } catch {
                // Somebody else did it.
                guard error.isNotFound else { throw error }
            }
        }
        return false
    }
}
