import EmakiPlatform

@testable import EmakiLog

/// A disk in front of another one, to which it hands on whatever it does not do itself.
protocol ForwardingFileSystem: FileSystem {
    associatedtype Base: FileSystem
    var base: Base { get }
}

extension ForwardingFileSystem {
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try base.open(path, mode)
    }
    func list(_ folder: String) throws(DiskError) -> [String] { try base.list(folder) }
    func kind(of path: String) throws(DiskError) -> EntryKind? { try base.kind(of: path) }
    func makeFolder(_ path: String) throws(DiskError) { try base.makeFolder(path) }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try base.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) { try base.remove(path) }
    func syncFolder(_ path: String) throws(DiskError) { try base.syncFolder(path) }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try base.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { base.avoidCopyOnWrite(in: folder) }
    func traits() throws(DiskError) -> DiskTraits { try base.traits() }
}

/// A file in front of another one, to which it hands on whatever it does not do itself.
protocol ForwardingFile: File {
    var base: any File { get }
}

extension ForwardingFile {
    func byteCount() throws(DiskError) -> Int { try base.byteCount() }
    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try base.read(into: &bytes, at: fileOffset)
    }
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try base.write(bytes, at: fileOffset)
    }
    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try base.writeDurably(bytes, at: fileOffset, by: method)
    }
    func sync() throws(DiskError) { try base.sync() }
    func resize(to byteCount: Int) throws(DiskError) { try base.resize(to: byteCount) }
    func dropCache() throws(DiskError) { try base.dropCache() }
    func map() throws(DiskError) -> any Mapping { try base.map() }
    func close() { base.close() }
}
