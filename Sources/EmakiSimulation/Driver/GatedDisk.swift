import EmakiPlatform

/// A disk behind a gate: each call passes the gate first, and does not happen if that throws.
///
/// It is how a process ends in the middle of its work (nothing passes any more), and how a
/// preparation is held while others work (the gate runs what they do).
final class GatedDisk: FileSystem, @unchecked Sendable {
    typealias Gate = (DiskError.Operation) throws(DiskError) -> Void
    private let base: any FileSystem
    fileprivate let gate: Gate

    init(_ base: any FileSystem, gate: @escaping Gate) {
        self.base = base
        self.gate = gate
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try gate(.open)
        return GatedFile(try base.open(path, mode), self)
    }

    func list(_ folder: String) throws(DiskError) -> [String] {
        try gate(.list)
        return try base.list(folder)
    }

    func kind(of path: String) throws(DiskError) -> EntryKind? {
        try gate(.kind)
        return try base.kind(of: path)
    }

    func makeFolder(_ path: String) throws(DiskError) {
        try gate(.makeFolder)
        try base.makeFolder(path)
    }

    func rename(_ path: String, to target: String) throws(DiskError) {
        try gate(.rename)
        try base.rename(path, to: target)
    }

    func remove(_ path: String) throws(DiskError) {
        try gate(.remove)
        try base.remove(path)
    }

    func syncFolder(_ path: String) throws(DiskError) {
        try gate(.syncFolder)
        try base.syncFolder(path)
    }

    func lock(_ path: String) throws(DiskError) -> any FileLock {
        try gate(.lock)
        return try base.lock(path)
    }

    func traits() throws(DiskError) -> DiskTraits {
        try gate(.traits)
        return try base.traits()
    }
}

private final class GatedFile: File, @unchecked Sendable {
    private let base: any File
    private let disk: GatedDisk

    init(_ base: any File, _ disk: GatedDisk) {
        self.base = base
        self.disk = disk
    }

    func byteCount() throws(DiskError) -> Int {
        try disk.gate(.kind)
        return try base.byteCount()
    }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try disk.gate(.read)
        return try base.read(into: &bytes, at: fileOffset)
    }

    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try disk.gate(.write)
        try base.write(bytes, at: fileOffset)
    }

    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try disk.gate(.write)
        try base.writeDurably(bytes, at: fileOffset, by: method)
    }

    func sync() throws(DiskError) {
        try disk.gate(.sync)
        try base.sync()
    }

    func resize(to byteCount: Int) throws(DiskError) {
        try disk.gate(.resize)
        try base.resize(to: byteCount)
    }

    func dropCache() throws(DiskError) {
        try disk.gate(.read)
        try base.dropCache()
    }

    func map() throws(DiskError) -> any Mapping {
        try disk.gate(.map)
        return try base.map()
    }

    func close() { base.close() }
}
