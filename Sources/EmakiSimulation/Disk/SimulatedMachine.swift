import EmakiPlatform

/// A disk as the programs see it that run until the next power loss. From then on every call fails,
/// also calls on paths, so that a thread that outlives its machine cannot touch what comes after.
package final class SimulatedMachine: FileSystem {
    private let disk: SimulatedFileSystem
    private let life: Int

    package init(_ disk: SimulatedFileSystem) {
        self.disk = disk
        life = disk.presentLife
    }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try disk.open(path, mode, inLife: life)
    }
    package func list(_ folder: String) throws(DiskError) -> [String] {
        try disk.list(folder, inLife: life)
    }
    package func kind(of path: String) throws(DiskError) -> EntryKind? {
        try disk.kind(of: path, inLife: life)
    }
    package func makeFolder(_ path: String) throws(DiskError) {
        try disk.makeFolder(path, inLife: life)
    }
    package func rename(_ path: String, to target: String) throws(DiskError) {
        try disk.rename(path, to: target, inLife: life)
    }
    package func remove(_ path: String) throws(DiskError) {
        try disk.remove(path, inLife: life)
    }
    package func syncFolder(_ path: String) throws(DiskError) {
        try disk.syncFolder(path, inLife: life)
    }
    package func avoidCopyOnWrite(in folder: String) -> Bool { disk.avoidCopyOnWrite(in: folder) }
    package func lock(_ path: String) throws(DiskError) -> any FileLock {
        try disk.lock(path, inLife: life)
    }
    package func traits() throws(DiskError) -> DiskTraits { try disk.traits(inLife: life) }
}
