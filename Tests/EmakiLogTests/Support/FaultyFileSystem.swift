import EmakiPlatform
import Glibc

/// A real disk that holds writes back, fails them, and counts calls, on command.
///
/// "Durable write" is `writeDurably`: the only call that the commit path may make.
final class FaultyFileSystem: FileSystem, @unchecked Sendable {
    struct Counts: Equatable {
        /// Durable writes that were begun.
        var durableWrites = 0
        /// Bytes at the start of a frame or of an idle slot, by offset: where each began.
        var durableOffsets: [Int] = []
        /// Durable writes between their begin and their end, now and at most.
        var inFlight = 0
        var inFlightMax = 0
        /// Any other call, made on a commit loop's thread.
        var otherCallsOnLoop: [String] = []
        /// Segment files opened to be made ready.
        var preparations = 0
        /// Segment files that were closed.
        var closedSegments = 0
    }

    private let files: PosixFileSystem
    private let lock = Lock()
    private let changed = WaitWord()

    // Guarded by `lock`.
    private var counted = Counts()
    private var isHeld = false
    private var arrestCount = 0
    private var permitCount = 0
    private var countdown: Int?
    private var durableWriteCode: Int32 = EIO
    private var areSegmentsHeld = false
    private var segmentCode: Int32?
    private var openFailures: [String: Int32] = [:]
    private var segmentsToSkip = 0

    init(_ files: PosixFileSystem) { self.files = files }

    var counts: Counts { lock.withLock { counted } }

    func resetCounts() {
        lock.withLock {
            let inFlight = counted.inFlight
            counted = Counts()
            counted.inFlight = inFlight
        }
    }

    // MARK: Commands

    /// Every durable write from now on waits for `releaseWrites`.
    func holdWrites() { change { isHeld = true } }
    func releaseWrites() { change { isHeld = false } }
    /// Lets one write go that is being held; the others, and those to come, are not.
    func releaseOneWrite() {
        change {
            permitCount += 1
            arrestCount -= 1
        }
    }

    /// Suspends until so many durable writes are being held.
    func heldWrite(_ count: Int = 1) async {
        await condition { self.arrestCount >= count }
    }

    /// The next durable write but `skipping` fails; so do all later ones.
    func failDurableWrites(skipping: Int = 0, code: Int32 = EIO) {
        change {
            countdown = skipping
            durableWriteCode = code
        }
    }

    func mendDurableWrites() { change { countdown = nil } }

    /// Making a segment ready waits for `releaseSegments`.
    func holdSegments() { change { areSegmentsHeld = true } }
    func releaseSegments() { change { areSegmentsHeld = false } }

    /// Making a segment ready fails like this, but for the next few; nil: no longer.
    func failSegments(code: Int32?, skipping: Int = 0) {
        change {
            segmentCode = code
            segmentsToSkip = skipping
        }
    }

    /// Suspends until so many segment preparations were begun.
    func preparations(_ count: Int) async {
        await condition { self.counted.preparations >= count }
    }

    /// Opening this file fails like this; nil: no longer.
    func failOpens(of path: String, code: Int32?) { change { openFailures[path] = code } }

    private func change(_ body: () -> Void) {
        lock.withLock(body)
        changed.bump()
        changed.wakeAll()
    }

    private func condition(_ holds: @escaping @Sendable () -> Bool) async {
        await SystemThread.offload(name: "test wait") { self.wait(until: holds) }
    }

    private func wait(until holds: () -> Bool) {
        while true {
            let seen = changed.value
            if lock.withLock(holds) { return }
            changed.wait(while: seen)
        }
    }

    // MARK: The door

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        note("open \(path)")
        if let code = lock.withLock({ openFailures[path] }) { throw DiskError(.open, code) }
        let isSegment = path.hasPrefix("wal/")
        if isSegment && mode.existence == .createIfMissing {
            change { counted.preparations += 1 }
            wait { !areSegmentsHeld }
            let failure = lock.withLock { () -> Int32? in
                segmentsToSkip -= 1
                return segmentsToSkip < 0 ? segmentCode : nil
            }
            if let failure { throw DiskError(.open, failure) }
        }
        return FaultyFile(try files.open(path, mode), isSegment: isSegment, of: self)
    }
    func list(_ folder: String) throws(DiskError) -> [String] {
        note("list")
        return try files.list(folder)
    }
    func kind(of path: String) throws(DiskError) -> EntryKind? {
        note("kind")
        return try files.kind(of: path)
    }
    func makeFolder(_ path: String) throws(DiskError) { try files.makeFolder(path) }
    func rename(_ path: String, to target: String) throws(DiskError) {
        note("rename \(path)")
        try files.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) {
        note("remove \(path)")
        try files.remove(path)
    }
    func syncFolder(_ path: String) throws(DiskError) {
        note("syncFolder")
        try files.syncFolder(path)
    }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try files.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { files.avoidCopyOnWrite(in: folder) }
    func traits() throws(DiskError) -> DiskTraits { try files.traits() }

    // MARK: What files tell

    func note(_ call: String) {
        guard CurrentLoop.id != 0 else { return }
        lock.withLock { counted.otherCallsOnLoop.append(call) }
    }

    private func takePermit() -> Bool {
        guard permitCount > 0 else { return false }
        permitCount -= 1
        return true
    }

    func noteClosedSegment() { change { counted.closedSegments += 1 } }

    func aroundDurableWrite(
        at offset: Int, _ write: () throws(DiskError) -> Void
    ) throws(DiskError) {
        change {
            counted.durableWrites += 1
            counted.durableOffsets.append(offset)
            counted.inFlight += 1
            counted.inFlightMax = max(counted.inFlightMax, counted.inFlight)
            if isHeld { arrestCount += 1 }
        }
        wait { !isHeld || takePermit() }
        defer { change { counted.inFlight -= 1 } }
        let failure = lock.withLock { () -> Int32? in
            guard let left = countdown else { return nil }
            countdown = max(0, left - 1)
            return left == 0 ? durableWriteCode : nil
        }
        if let failure { throw DiskError(.write, failure) }
        try write()
    }
}

private final class FaultyFile: File {
    private let file: any File
    private let isSegment: Bool
    private let disk: FaultyFileSystem

    init(_ file: any File, isSegment: Bool, of disk: FaultyFileSystem) {
        self.file = file
        self.isSegment = isSegment
        self.disk = disk
    }

    func byteCount() throws(DiskError) -> Int { try file.byteCount() }
    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        disk.note("read")
        return try file.read(into: &bytes, at: fileOffset)
    }
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        disk.note("write")
        try file.write(bytes, at: fileOffset)
    }
    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try disk.aroundDurableWrite(at: fileOffset) { () throws(DiskError) in
            try file.writeDurably(bytes, at: fileOffset, by: method)
        }
    }
    func sync() throws(DiskError) {
        disk.note("sync")
        try file.sync()
    }
    func resize(to byteCount: Int) throws(DiskError) {
        disk.note("resize")
        try file.resize(to: byteCount)
    }
    func dropCache() throws(DiskError) { try file.dropCache() }
    func map() throws(DiskError) -> any Mapping {
        disk.note("map")
        return try file.map()
    }
    func close() {
        file.close()
        if isSegment { disk.noteClosedSegment() }
    }
}
