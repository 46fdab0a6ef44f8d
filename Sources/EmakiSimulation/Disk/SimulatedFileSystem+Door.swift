import EmakiPlatform

/// The door itself. `life`: the life of the disk that the caller belongs to; nil: whichever it is.
extension SimulatedFileSystem {
    func open(_ path: String, _ mode: OpenMode, inLife life: Int?) throws(DiskError) -> any File {
        let (number, life) = try perform(.open, path, inLife: life) {
            (state, _) throws(DiskError) in
            let number = try state.open(path, mode)
            state.addHandle(number)
            return (number, currentLife)
        }
        let handle = DiskState.Handle(
            number: number, path: path, isWritable: mode.isWritable, isDirect: mode.isDirect)
        return SimulatedFile(handle, of: self, inLife: life)
    }

    func list(_ folder: String, inLife life: Int?) throws(DiskError) -> [String] {
        try perform(.list, folder, inLife: life) { (state, _) throws(DiskError) in
            try state.list(folder)
        }
    }

    func kind(of path: String, inLife life: Int?) throws(DiskError) -> EntryKind? {
        try perform(.kind, path, inLife: life) { (state, _) throws(DiskError) in
            try state.kind(of: path)
        }
    }

    func makeFolder(_ path: String, inLife life: Int?) throws(DiskError) {
        try perform(.makeFolder, path, inLife: life) { (state, _) throws(DiskError) in
            try state.makeFolder(path)
        }
    }

    func rename(_ path: String, to target: String, inLife life: Int?) throws(DiskError) {
        try perform(.rename, path, to: target, inLife: life) { (state, _) throws(DiskError) in
            try state.rename(path, to: target)
        }
    }

    func remove(_ path: String, inLife life: Int?) throws(DiskError) {
        try perform(.remove, path, inLife: life) { (state, _) throws(DiskError) in
            try state.remove(path)
        }
    }

    func syncFolder(_ path: String, inLife life: Int?) throws(DiskError) {
        try perform(.syncFolder, path, inLife: life) { (state, course) throws(DiskError) in
            try state.syncFolder(path, course)
        }
    }

    func lock(_ path: String, inLife life: Int?) throws(DiskError) -> any FileLock {
        let (number, life) = try perform(.lock, path, inLife: life) {
            (state, _) throws(DiskError) in
            (try state.lock(path), currentLife)
        }
        return SimulatedLock(number, of: self, inLife: life)
    }

    func traits(inLife life: Int?) throws(DiskError) -> DiskTraits {
        try perform(.traits, "", inLife: life) { (state, _) throws(DiskError) in
            state.traits.diskTraits(
                capacityBytes: state.capacityBytes, usedBytes: state.usedBytes)
        }
    }
}

extension SimulatedFileSystem {
    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try open(path, mode, inLife: nil)
    }
    package func list(_ folder: String) throws(DiskError) -> [String] {
        try list(folder, inLife: nil)
    }
    package func kind(of path: String) throws(DiskError) -> EntryKind? {
        try kind(of: path, inLife: nil)
    }
    package func makeFolder(_ path: String) throws(DiskError) {
        try makeFolder(path, inLife: nil)
    }
    package func rename(_ path: String, to target: String) throws(DiskError) {
        try rename(path, to: target, inLife: nil)
    }
    package func remove(_ path: String) throws(DiskError) { try remove(path, inLife: nil) }
    package func syncFolder(_ path: String) throws(DiskError) {
        try syncFolder(path, inLife: nil)
    }
    /// It overwrites in place, and has nothing to switch off.
    package func avoidCopyOnWrite(in folder: String) -> Bool { false }
    package func lock(_ path: String) throws(DiskError) -> any FileLock {
        try lock(path, inLife: nil)
    }
    package func traits() throws(DiskError) -> DiskTraits { try traits(inLife: nil) }
}

/// A lock on a simulated file; a power loss ends it.
final class SimulatedLock: FileLock {
    private let number: Int
    private let disk: SimulatedFileSystem
    private let life: Int

    init(_ number: Int, of disk: SimulatedFileSystem, inLife life: Int) {
        self.number = number
        self.disk = disk
        self.life = life
    }

    deinit { unlock() }

    func unlock() { disk.unlockFile(number, inLife: life) }
}
