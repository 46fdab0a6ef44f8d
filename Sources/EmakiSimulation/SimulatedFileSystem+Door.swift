import EmakiPlatform

/// The door itself.
extension SimulatedFileSystem {
    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let (number, life) = try perform(.open, path) { (state, _) throws(DiskError) in
            let number = try state.open(path, mode.existence, direct: mode.isDirect)
            state.addHandle(number)
            return (number, currentLife)
        }
        let handle = DiskState.Handle(
            number: number, path: path, isWritable: mode.isWritable, isDirect: mode.isDirect)
        return SimulatedFile(handle, of: self, inLife: life)
    }

    package func list(_ folder: String) throws(DiskError) -> [String] {
        try perform(.list, folder) { (state, _) throws(DiskError) in try state.list(folder) }
    }

    package func kind(of path: String) throws(DiskError) -> EntryKind? {
        try perform(.kind, path) { (state, _) throws(DiskError) in try state.kind(of: path) }
    }

    package func makeFolder(_ path: String) throws(DiskError) {
        try perform(.makeFolder, path) { (state, _) throws(DiskError) in
            try state.makeFolder(path)
        }
    }

    package func rename(_ path: String, to target: String) throws(DiskError) {
        try perform(.rename, path + "\0" + target) { (state, _) throws(DiskError) in
            try state.rename(path, to: target)
        }
    }

    package func remove(_ path: String) throws(DiskError) {
        try perform(.remove, path) { (state, _) throws(DiskError) in try state.remove(path) }
    }

    package func syncFolder(_ path: String) throws(DiskError) {
        try perform(.syncFolder, path) { (state, isCut) throws(DiskError) in
            try state.syncFolder(path, isCut: isCut)
        }
    }

    package func lock(_ path: String) throws(DiskError) -> any FileLock {
        let (number, life) = try perform(.lock, path) { (state, _) throws(DiskError) in
            (try state.lock(path), currentLife)
        }
        return SimulatedLock(number, of: self, inLife: life)
    }

    package func traits() throws(DiskError) -> DiskTraits {
        try perform(.traits, "") { (state, _) throws(DiskError) in
            state.traits.diskTraits(usedBytes: state.usedBytes)
        }
    }
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
