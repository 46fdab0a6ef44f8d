import EmakiPlatform

/// Measures F where the store lives: 4 KiB durable writes into a written file, past the page cache.
///
/// The file has no name any more once it is open, so the store's folder holds nothing strange and a
/// killed run leaves nothing behind.
final class BenchDevice: @unchecked Sendable {
    private let file: any File
    private let memory: PageMemory
    private var nextBlock = 0
    /// Every sample so far, in nanoseconds.
    private(set) var samples: [Int64] = []
    let method: SyncMethod

    static let blockBytes = 4096
    private static let blockCount = 1024
    private static let name = "bench-device.tmp"

    init(folder: String) throws(DiskError) {
        let files = PosixFileSystem(root: folder)
        memory = try PageMemory(byteCount: Self.blockBytes)
        let plain = try files.open(Self.name, OpenMode(.createIfMissing))
        try Self.fill(plain)
        let direct = try? files.open(Self.name, OpenMode(.mustExist, direct: true))
        if let direct {
            plain.close()
            (file, method) = (direct, .direct)
        } else {
            #if canImport(Darwin)
                (file, method) = (plain, .fullSync)
            #else
                (file, method) = (plain, .dataSync)
            #endif
        }
        try files.remove(Self.name)
    }

    deinit { file.close() }

    private static func fill(_ file: any File) throws(DiskError) {
        let zeros = try PageMemory(byteCount: blockBytes * blockCount)
        try zeros.withBytes(in: 0..<zeros.byteCount) { bytes throws(DiskError) in
            try file.write(bytes, at: 0)
        }
        try file.sync()
    }

    /// One durable write. Not to be called by two threads at once.
    func sample() throws(DiskError) {
        let offset = nextBlock * Self.blockBytes
        nextBlock = (nextBlock + 1) % Self.blockCount
        // Other bytes each time, for devices that notice when nothing changes.
        memory.store(UInt64(samples.count), at: 0)
        let started = SystemClock.monotonicNanoseconds()
        try memory.withBytes(in: 0..<memory.byteCount) { bytes throws(DiskError) in
            try file.writeDurably(bytes, at: offset, by: method)
        }
        samples.append(SystemClock.monotonicNanoseconds() - started)
    }

    func sample(count: Int) throws(DiskError) {
        for _ in 0..<count { try sample() }
    }

    /// A durable write of somebody else's memory, which is not a sample.
    func write(_ memory: PageMemory, byteCount: Int) throws(DiskError) {
        if nextBlock * Self.blockBytes + byteCount > Self.blockCount * Self.blockBytes {
            nextBlock = 0
        }
        let offset = nextBlock * Self.blockBytes
        nextBlock = (nextBlock + byteCount / Self.blockBytes) % Self.blockCount
        try memory.withBytes(in: 0..<byteCount) { bytes throws(DiskError) in
            try file.writeDurably(bytes, at: offset, by: method)
        }
    }

    var lastSample: Int64 { samples.last ?? 0 }

    /// Nil before the first sample.
    var latency: BenchDeviceLatency? { BenchDeviceLatency(samples) }
}

/// F and its neighbours, in microseconds.
struct BenchDeviceLatency: Sendable {
    let sampleCount: Int
    let p50: Double
    let p99: Double

    init?(_ samples: [Int64]) {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.sorted()
        sampleCount = sorted.count
        p50 = Double(sorted[(sorted.count - 1) / 2]) / 1000
        p99 = Double(sorted[(sorted.count * 99 + 99) / 100 - 1]) / 1000
    }
}
