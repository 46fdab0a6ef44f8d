import EmakiPlatform

@testable import EmakiLog

/// A disk on which somebody else acts right before a file is opened.
final class SwappingFileSystem: FileSystem, @unchecked Sendable {
    private let files: any FileSystem
    private let beforeOpen: (String, OpenMode) -> Void

    init(_ files: any FileSystem, beforeOpen: @escaping (String, OpenMode) -> Void) {
        self.files = files
        self.beforeOpen = beforeOpen
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        beforeOpen(path, mode)
        return try files.open(path, mode)
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
