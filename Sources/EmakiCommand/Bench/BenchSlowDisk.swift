import ArgumentParser
import EmakiLog
import EmakiPlatform

/// A disk in front of another one, on which everything that is durable takes a while longer: how a
/// log fares on a slow disk, measured on a fast one.
///
/// A durable write, a sync of a file and a sync of a folder each take the delay on top of what the
/// disk itself takes. Several at once are delayed at the same time, as by a disk that has a queue.
final class BenchSlowDisk: FileSystem {
    private let disk: any FileSystem
    private let delay: BenchDelay

    init(_ disk: any FileSystem, delay: BenchDelay) { (self.disk, self.delay) = (disk, delay) }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        BenchSlowFile(try disk.open(path, mode), delay: delay)
    }

    func syncFolder(_ path: String) throws(DiskError) {
        try disk.syncFolder(path)
        delay.wait()
    }

    func link(_ path: String, to target: String, in other: any FileSystem) throws(DiskError) {
        try disk.link(path, to: target, in: (other as? BenchSlowDisk)?.disk ?? other)
    }

    func list(_ folder: String) throws(DiskError) -> [String] { try disk.list(folder) }
    func kind(of path: String) throws(DiskError) -> EntryKind? { try disk.kind(of: path) }
    func makeFolder(_ path: String) throws(DiskError) { try disk.makeFolder(path) }
    func rename(_ path: String, to target: String) throws(DiskError) {
        try disk.rename(path, to: target)
    }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func lock(_ path: String) throws(DiskError) -> any FileLock { try disk.lock(path) }
    func avoidCopyOnWrite(in folder: String) -> Bool { disk.avoidCopyOnWrite(in: folder) }
    func traits() throws(DiskError) -> DiskTraits { try disk.traits() }
}

/// A file of a slow disk.
private final class BenchSlowFile: File {
    private let file: any File
    private let delay: BenchDelay

    init(_ file: any File, delay: BenchDelay) { (self.file, self.delay) = (file, delay) }

    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try file.writeDurably(bytes, at: fileOffset, by: method)
        delay.wait()
    }

    func sync() throws(DiskError) {
        try file.sync()
        delay.wait()
    }

    func byteCount() throws(DiskError) -> Int { try file.byteCount() }
    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try file.read(into: &bytes, at: fileOffset)
    }
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try file.write(bytes, at: fileOffset)
    }
    func resize(to byteCount: Int) throws(DiskError) { try file.resize(to: byteCount) }
    func allocate(_ byteCount: Int) throws(DiskError) { try file.allocate(byteCount) }
    func dropCache() throws(DiskError) { try file.dropCache() }
    func expectRandomReads() { file.expectRandomReads() }
    func expectRead(of range: Range<Int>) { file.expectRead(of: range) }
    func map() throws(DiskError) -> any Mapping { try file.map() }
    func close() { file.close() }
}

/// A time that is waited for on top of what something took.
struct BenchDelay: Sendable, Equatable, ExpressibleByArgument {
    let nanoseconds: Int64

    /// Linux ends a sleep up to 50 us late, which is a share of the delay that would be charged to
    /// the log: the last of it is waited for awake.
    private static let awakeNanoseconds: Int64 = 80_000
    private static let nanosecondsMax: Int64 = 10_000_000_000

    /// "1ms", "250us", "2s".
    init?(argument: String) {
        let units: [(String, Double)] = [("us", 1e3), ("ms", 1e6), ("s", 1e9)]
        guard let unit = units.first(where: { argument.hasSuffix($0.0) }),
            let number = Double(argument.dropLast(unit.0.count)), number > 0,
            number * unit.1 <= Double(Self.nanosecondsMax)
        else { return nil }
        nanoseconds = Int64(number * unit.1)
    }

    var microseconds: Double { Double(nanoseconds) / 1000 }

    func wait() {
        let end = SystemClock.monotonicNanoseconds() + nanoseconds
        if nanoseconds > Self.awakeNanoseconds {
            BenchTimer().sleep(until: end - Self.awakeNanoseconds)
        }
        while SystemClock.monotonicNanoseconds() < end {}
    }
}
