import EmakiPlatform
import Testing

@testable import EmakiLog

/// Tears one durable write: any subset of its sectors reaches the disk, then the machine stops.
final class TearingFileSystem: FileSystem, @unchecked Sendable {
    let base: MemoryFileSystem
    let entropy: SeededEntropy
    var writesLeft: Int
    var isStopped = false
    init(_ base: MemoryFileSystem, _ entropy: SeededEntropy, writesLeft: Int) {
        self.base = base
        self.entropy = entropy
        self.writesLeft = writesLeft
    }
    func check() throws(DiskError) { if isStopped { throw DiskError(.write, 5) } }
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try check()
        return TearingFile(base: try base.open(path, mode), owner: self)
    }
    func list(_ folder: String) throws(DiskError) -> [String] { try base.list(folder) }
    func kind(of path: String) throws(DiskError) -> EntryKind? { try base.kind(of: path) }
    func makeFolder(_ path: String) throws(DiskError) { try check(); try base.makeFolder(path) }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try check(); try base.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) { try check(); try base.remove(path) }
    func syncFolder(_ path: String) throws(DiskError) { try check(); try base.syncFolder(path) }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try base.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { base.avoidCopyOnWrite(in: folder) }
    func traits() throws(DiskError) -> DiskTraits { try base.traits() }

    final class TearingFile: File, @unchecked Sendable {
        let base: any File
        let owner: TearingFileSystem
        init(base: any File, owner: TearingFileSystem) { self.base = base; self.owner = owner }
        func byteCount() throws(DiskError) -> Int { try base.byteCount() }
        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            try base.read(into: &bytes, at: fileOffset)
        }
        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            try owner.check(); try base.write(bytes, at: fileOffset)
        }
        func writeDurably(
            _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
        ) throws(DiskError) {
            try owner.check()
            owner.writesLeft -= 1
            guard owner.writesLeft < 0 else {
                return try base.writeDurably(bytes, at: fileOffset, by: method)
            }
            owner.isStopped = true
            // Shapes: any subset; all but the first sector; only the first; a prefix; all.
            let shape = owner.entropy.below(6)
            let count = bytes.byteCount / 512
            let cut = owner.entropy.below(count + 1)
            for sector in 0..<count {
                let keep: Bool =
                    switch shape {
                    case 0: owner.entropy.below(2) == 0
                    case 1: sector > 0
                    case 2: sector == 0
                    case 3: sector < cut
                    case 4: true
                    default: sector >= cut
                    }
                if keep {
                    try base.writeDurably(
                        bytes.extracting(sector * 512..<sector * 512 + 512),
                        at: fileOffset + sector * 512, by: method)
                } else if owner.entropy.below(12) == 0 {
                    // A sector that was being written when power went may hold anything.
                    let noise = [UInt8](repeating: 0x5a, count: 512)
                    try noise.withRawSpan { span throws(DiskError) in
                        try base.writeDurably(span, at: fileOffset + sector * 512, by: method)
                    }
                }
            }
            throw DiskError(.write, 5)
        }
        func sync() throws(DiskError) { try owner.check(); try base.sync() }
        func resize(to byteCount: Int) throws(DiskError) {
            try owner.check(); try base.resize(to: byteCount)
        }
        func dropCache() throws(DiskError) { try base.dropCache() }
        func map() throws(DiskError) -> any Mapping { try base.map() }
        func close() { base.close() }
    }
}
