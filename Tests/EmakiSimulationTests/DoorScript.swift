import EmakiPlatform
import EmakiSimulation

/// A random sequence of calls to a disk. Run on two disks it gives the same answers if they are the
/// same kind of disk.
struct DoorScript: Sendable {
    enum Step: Sendable {
        case open(slot: Int, String, OpenMode)
        case close(slot: Int)
        case byteCount(slot: Int)
        /// `shift`: how far the buffer is off a page.
        case read(slot: Int, count: Int, offset: Int, shift: Int)
        case write(slot: Int, count: Int, offset: Int, shift: Int, fill: UInt8)
        case writeDurably(slot: Int, count: Int, offset: Int, fill: UInt8, SyncMethod)
        case sync(slot: Int)
        case resize(slot: Int, Int)
        case dropCache(slot: Int)
        case map(slot: Int)
        case list(String), kind(String), makeFolder(String), remove(String), syncFolder(String)
        case rename(String, String)
        case lock(slot: Int, String)
        case unlock(slot: Int)
    }

    static let slotCount = 3
    let steps: [Step]

    init(seed: UInt64, stepCount: Int, hasDirect: Bool) {
        var maker = StepMaker(random: SeededRandom(seed: seed), hasDirect: hasDirect)
        steps = (0..<stepCount).map { _ in maker.step() }
    }
}

/// Chooses steps so that most of them do something, and every kind of error happens.
private struct StepMaker {
    var random: SeededRandom
    let hasDirect: Bool

    private static let paths = [
        "a", "a", "b", "b", "c", "d", "d", "d/a", "d/b", "d/e", "d/e/a", "d/e/f", "none/a", "a/x",
        String(repeating: "n", count: 255), String(repeating: "n", count: 256),
    ]
    private static let lockPaths = ["l", "l", "d/l", "", "none/l", "m"]

    mutating func step() -> DoorScript.Step {
        let slot = random.below(DoorScript.slotCount)
        switch random.below(100) {
        case 0..<18: return .open(slot: slot, path(orRoot: true), mode())
        case 18..<34: return write(slot)
        case 34..<50:
            return .read(slot: slot, count: count(), offset: offset(), shift: shift())
        case 50..<52: return durableWrite(slot)
        case 52..<54: return random.oneIn(3) ? .sync(slot: slot) : .byteCount(slot: slot)
        case 54..<60: return .resize(slot: slot, size())
        case 60..<63: return .map(slot: slot)
        case 63..<65: return .dropCache(slot: slot)
        case 65..<67: return .byteCount(slot: slot)
        case 67..<69: return .close(slot: slot)
        case 69..<72: return .list(path(orRoot: true))
        case 72..<75: return .kind(path(orRoot: true))
        case 75..<81: return .makeFolder(path(orRoot: true))
        case 81..<85: return .remove(random.oneIn(4) ? "l" : path())
        case 85..<93: return rename()
        case 93..<94: return .syncFolder(random.oneIn(4) ? "" : path())
        case 94..<98: return .lock(slot: slot, lockPath())
        default: return .unlock(slot: slot)
        }
    }

    private mutating func path(orRoot: Bool = false) -> String {
        if orRoot && random.oneIn(12) { return "" }
        return Self.paths[random.below(Self.paths.count)]
    }

    private mutating func lockPath() -> String {
        Self.lockPaths[random.below(Self.lockPaths.count)]
    }

    /// Names of locks and of other files are not mixed: what is in a lock's file is not compared.
    private mutating func rename() -> DoorScript.Step {
        random.oneIn(5) ? .rename("l", "m") : .rename(path(), path())
    }

    private mutating func mode() -> OpenMode {
        let existences: [OpenMode.Existence] = [.mustExist, .mustBeNew, .createIfMissing]
        return OpenMode(
            existences[random.below(3)], writable: !random.oneIn(4),
            direct: hasDirect && random.oneIn(4))
    }

    private mutating func write(_ slot: Int) -> DoorScript.Step {
        .write(
            slot: slot, count: count(), offset: offset(), shift: shift(),
            fill: UInt8(random.below(256)))
    }

    private mutating func durableWrite(_ slot: Int) -> DoorScript.Step {
        let methods = SyncMethod.allCases
        var offset = offset()
        // Where the system calls that name the file's own offset, nobody asks for it.
        if offset == -1 { offset = -2 }
        return .writeDurably(
            slot: slot, count: count(), offset: offset, fill: UInt8(random.below(256)),
            methods[random.below(methods.count)])
    }

    private mutating func count() -> Int {
        random.oneIn(2) ? 512 * random.below(20) : random.below(10_000)
    }

    private mutating func offset() -> Int {
        switch random.below(24) {
        case 0: -1 - random.below(9)
        case 1: 1 << 62
        case 2: .max - random.below(5000)
        case 3..<12: random.below(20_000)
        default: 512 * random.below(40)
        }
    }

    private mutating func size() -> Int {
        switch random.below(12) {
        case 0: -1
        case 1: 1 << 62
        default: random.below(20_000)
        }
    }

    private mutating func shift() -> Int { random.oneIn(8) ? 1 : 0 }
}

/// A disk on which a script runs, with what it holds open.
struct DoorRun: ~Copyable {
    private let disk: any FileSystem
    private let memory: PageMemory
    private var files: [(any File)?]
    private var areDirect: [Bool]
    private var locks: [(any FileLock)?]

    private static let bufferBytes = 16 << 10

    init(on disk: any FileSystem) throws {
        self.disk = disk
        memory = try PageMemory(byteCount: Self.bufferBytes)
        files = .init(repeating: nil, count: DoorScript.slotCount)
        areDirect = .init(repeating: false, count: DoorScript.slotCount)
        locks = .init(repeating: nil, count: DoorScript.slotCount)
    }

    /// Does one step.
    /// - Returns: its answer, as text.
    mutating func run(_ step: DoorScript.Step) -> String {
        do throws(DiskError) {
            return try answer(to: step)
        } catch {
            return "\(error.operation) \(error.code)"
        }
    }

    private mutating func answer(to step: DoorScript.Step) throws(DiskError) -> String {
        switch step {
        case .open(let slot, let path, let mode):
            files[slot] = try disk.open(path, mode)
            areDirect[slot] = mode.isDirect
        case .close(let slot): files[slot]?.close()
        case .list(let path): return try disk.list(path).description
        case .kind(let path): return try disk.kind(of: path).map { "\($0)" } ?? "nothing"
        case .makeFolder(let path): try disk.makeFolder(path)
        case .remove(let path): try disk.remove(path)
        case .syncFolder(let path): try disk.syncFolder(path)
        case .rename(let path, let target): try disk.rename(path, to: target)
        case .lock(let slot, let path): locks[slot] = try disk.lock(path)
        case .unlock(let slot):
            locks[slot]?.unlock()
            locks[slot] = nil
        default: return try answerOfFile(to: step)
        }
        return "done"
    }

    private func answerOfFile(to step: DoorScript.Step) throws(DiskError) -> String {
        switch step {
        case .byteCount(let slot): return "\(try files[slot]?.byteCount() ?? -1)"
        case .read(let slot, let count, let offset, let shift):
            guard let file = files[slot] else { return "" }
            let isDirect = areDirect[slot]
            return try read(
                file, aligned(count, isDirect), at: aligned(offset, isDirect),
                shift: isDirect ? 0 : shift)
        case .write(let slot, let count, let offset, let shift, let fill):
            let isDirect = areDirect[slot]
            let start = isDirect ? 0 : shift
            try write(start..<start + aligned(count, isDirect), fill) { bytes throws(DiskError) in
                try files[slot]?.write(bytes, at: aligned(offset, isDirect))
            }
        case .writeDurably(let slot, let count, let offset, let fill, let method):
            let isDirect = areDirect[slot]
            try write(0..<aligned(count, isDirect), fill) { bytes throws(DiskError) in
                try files[slot]?.writeDurably(bytes, at: aligned(offset, isDirect), by: method)
            }
        case .sync(let slot): try files[slot]?.sync()
        case .resize(let slot, let size): try files[slot]?.resize(to: size)
        case .dropCache(let slot): try files[slot]?.dropCache()
        case .map(let slot):
            guard let mapping = try files[slot]?.map() else { return "" }
            let digest = mapping.withBytes(in: 0..<mapping.byteCount) { Checksum.crc32c($0) }
            return "\(mapping.byteCount) bytes, \(digest)"
        default: break
        }
        return "done"
    }

    private func read(
        _ file: any File, _ count: Int, at offset: Int, shift: Int
    ) throws(DiskError) -> String {
        let readBytes = try memory.withMutableBytes(in: shift..<shift + count) {
            bytes throws(DiskError) in
            try file.read(into: &bytes, at: offset)
        }
        return "\(readBytes) bytes, \(memory.checksum(shift..<shift + readBytes))"
    }

    /// The system reads holes without looking at the alignment, and does a misaligned direct write
    /// all the same when it happens to fail to drop a page from its cache. So direct calls are
    /// aligned here; a test of its own is about the others.
    private func aligned(_ number: Int, _ isDirect: Bool) -> Int {
        isDirect && number >= 0 ? number & ~511 : number
    }

    /// Lends bytes that differ from place to place and from write to write.
    private func write(
        _ range: Range<Int>, _ fill: UInt8, _ body: (RawSpan) throws(DiskError) -> Void
    ) throws(DiskError) {
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
            memory.store(UInt64(fill) << 32 | UInt64(offset), at: offset)
        }
        try memory.withBytes(in: range, body)
    }
}

/// Everything below the root, with its bytes.
func tree(_ disk: any FileSystem, _ folder: String = "") throws -> [String: String] {
    var found: [String: String] = [:]
    for name in try disk.list(folder) {
        let path = folder.isEmpty ? name : folder + "/" + name
        guard try disk.kind(of: path) == .file else {
            found[path] = "folder"
            found.merge(try tree(disk, path)) { one, _ in one }
            continue
        }
        let file = try disk.open(path, OpenMode(.mustExist, writable: false))
        let isLock = name == "l" || name == "m"
        let bytes = try isLock ? [] : file.get(try file.byteCount(), at: 0)
        found[path] = "\(bytes.count) bytes, \(bytes.withRawSpan { Checksum.crc32c($0) })"
    }
    return found
}
