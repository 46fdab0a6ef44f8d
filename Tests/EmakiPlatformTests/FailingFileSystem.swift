import EmakiPlatform
import Glibc

/// A real disk whose writes fail with `EIO` after so many.
final class FailingFileSystem: FileSystem, @unchecked Sendable {
    private let files: PosixFileSystem
    private let lock = Lock()
    private var writeCountLeft: Int

    init(_ files: PosixFileSystem, writeCountMax: Int) {
        self.files = files
        writeCountLeft = writeCountMax
    }

    func countWrite() throws(DiskError) {
        let isFailing = lock.withLock {
            writeCountLeft -= 1
            return writeCountLeft < 0
        }
        if isFailing { throw DiskError(.write, EIO) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        FailingFile(try files.open(path, mode), of: self)
    }
    func list(_ folder: String) throws(DiskError) -> [String] { try files.list(folder) }
    func kind(of path: String) throws(DiskError) -> EntryKind? { try files.kind(of: path) }
    func makeFolder(_ path: String) throws(DiskError) { try files.makeFolder(path) }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try files.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) { try files.remove(path) }
    func syncFolder(_ path: String) throws(DiskError) { try files.syncFolder(path) }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try files.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { files.avoidCopyOnWrite(in: folder) }
    func traits() throws(DiskError) -> DiskTraits { try files.traits() }
}

private final class FailingFile: File {
    private let file: any File
    private let owner: FailingFileSystem

    init(_ file: any File, of owner: FailingFileSystem) {
        self.file = file
        self.owner = owner
    }

    func byteCount() throws(DiskError) -> Int { try file.byteCount() }
    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try file.read(into: &bytes, at: fileOffset)
    }
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try owner.countWrite()
        try file.write(bytes, at: fileOffset)
    }
    func writeDurably(_ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod)
        throws(DiskError)
    {
        try owner.countWrite()
        try file.writeDurably(bytes, at: fileOffset, by: method)
    }
    func sync() throws(DiskError) { try file.sync() }
    func resize(to byteCount: Int) throws(DiskError) { try file.resize(to: byteCount) }
    func dropCache() throws(DiskError) { try file.dropCache() }
    func map() throws(DiskError) -> any Mapping { try file.map() }
    func close() { file.close() }
}
