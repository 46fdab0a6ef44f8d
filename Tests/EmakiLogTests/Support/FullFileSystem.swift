import EmakiPlatform

@testable import EmakiLog

/// A disk in memory with an end, for a whole log with its threads: what would make its files larger
/// than they may be together finds no room.
final class FullFileSystem: FileSystem, @unchecked Sendable {
    private let base: MemoryFileSystem
    /// The base is no use to several threads.
    fileprivate let lock = Lock()
    // Guarded by `lock`.
    private var capacityBytes: Int?
    private var openFailures: [String: Int32] = [:]
    private var opened: [String: Int] = [:]

    init(_ base: MemoryFileSystem = MemoryFileSystem()) { self.base = base }

    // MARK: Commands

    /// Bytes of all files.
    var usedBytes: Int { lock.withLock { used } }

    private var used: Int { base.contents.values.reduce(0) { $0 + $1.count } }

    /// Leaves so much room from now on; nil: as much as anybody wants.
    func leave(_ freeBytes: Int?) {
        lock.withLock { capacityBytes = freeBytes.map { used + $0 } }
    }

    /// Opening a file whose path begins so fails like this; nil: no longer.
    func failOpens(of prefix: String, code: Int32?) {
        lock.withLock { openFailures[prefix] = code }
    }

    /// How often files were opened whose path begins so.
    func opens(of prefix: String) -> Int {
        lock.withLock {
            opened.reduce(0) { $1.key.hasPrefix(prefix) ? $0 + $1.value : $0 }
        }
    }

    var paths: [String] { lock.withLock { base.filePaths } }

    func bytes(of path: String) -> [UInt8] { lock.withLock { base[path] } }

    // MARK: The door

    private func locked<R>(_ body: () throws(DiskError) -> R) throws(DiskError) -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try locked { () throws(DiskError) in
            opened[path, default: 0] += 1
            for (prefix, code) in openFailures where path.hasPrefix(prefix) {
                throw DiskError(.open, code)
            }
            return FullFile(try base.open(path, mode), of: self)
        }
    }

    func list(_ folder: String) throws(DiskError) -> [String] {
        try locked { () throws(DiskError) in try base.list(folder) }
    }
    func kind(of path: String) throws(DiskError) -> EntryKind? {
        try locked { () throws(DiskError) in try base.kind(of: path) }
    }
    func makeFolder(_ path: String) throws(DiskError) {
        try locked { () throws(DiskError) in try base.makeFolder(path) }
    }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try locked { () throws(DiskError) in try base.rename(path, to: target) }
    }
    func remove(_ path: String) throws(DiskError) {
        try locked { () throws(DiskError) in try base.remove(path) }
    }
    func syncFolder(_ path: String) throws(DiskError) {
        try locked { () throws(DiskError) in try base.syncFolder(path) }
    }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try base.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { false }
    func traits() throws(DiskError) -> DiskTraits {
        try locked { () throws(DiskError) in
            var traits = try base.traits()
            if let capacityBytes { traits.freeBytes = max(0, capacityBytes - used) }
            return traits
        }
    }

    /// Called with the lock.
    private func expectRoom(_ byteCount: Int) throws(DiskError) {
        guard let capacityBytes, byteCount > 0 else { return }
        guard used + byteCount <= capacityBytes else { throw .noSpace(.write) }
    }

    private final class FullFile: File, @unchecked Sendable {
        private let base: any File
        private let disk: FullFileSystem

        init(_ base: any File, of disk: FullFileSystem) {
            self.base = base
            self.disk = disk
        }

        func byteCount() throws(DiskError) -> Int {
            try disk.locked { () throws(DiskError) in try base.byteCount() }
        }
        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            disk.lock.lock()
            defer { disk.lock.unlock() }
            return try base.read(into: &bytes, at: fileOffset)
        }
        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            disk.lock.lock()
            defer { disk.lock.unlock() }
            try disk.expectRoom(fileOffset + bytes.byteCount - base.byteCount())
            try base.write(bytes, at: fileOffset)
        }
        func writeDurably(
            _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
        ) throws(DiskError) {
            disk.lock.lock()
            defer { disk.lock.unlock() }
            try base.writeDurably(bytes, at: fileOffset, by: method)
        }
        func sync() throws(DiskError) {
            try disk.locked { () throws(DiskError) in try base.sync() }
        }
        func resize(to byteCount: Int) throws(DiskError) {
            try disk.locked { () throws(DiskError) in
                try disk.expectRoom(byteCount - base.byteCount())
                try base.resize(to: byteCount)
            }
        }
        func dropCache() throws(DiskError) {}
        func map() throws(DiskError) -> any Mapping {
            try disk.locked { () throws(DiskError) in
                let count = try base.byteCount()
                var bytes = [UInt8](repeating: 0, count: count)
                _ = try bytes.withMutableRawSpan { (span) throws(DiskError) -> Int in
                    try base.read(into: &span, at: 0)
                }
                return Snapshot(bytes)
            }
        }
        func close() {
            disk.lock.lock()
            defer { disk.lock.unlock() }
            base.close()
        }
    }

    /// The bytes of a file as they were: what is mapped is not changed any more.
    private final class Snapshot: Mapping {
        private let bytes: [UInt8]
        var byteCount: Int { bytes.count }

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
            bytes.withRawSpan { body($0.extracting(range)) }
        }
    }
}
