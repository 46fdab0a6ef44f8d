/// Measures what a durable write costs where a store will live, and picks the cheapest method.
///
/// Each round does, for each method, one write without a sync and then one durable write of the
/// same block. The two sorts alternate, so noise of the machine hits both alike, and their ratio
/// shows whether a sync does anything. The file was filled with zeros and synced before:
/// first writes into new space cost more and would say nothing about the log's segments, which are
/// filled the same way.
package enum SyncProbe {
    /// Left behind only by a crash during the probe, and then taken over by the next.
    package static let fileName = "probe.tmp"

    /// Stops after `sampleCount` rounds, or after the first round that ends past the budget.
    /// - Throws: `EOPNOTSUPP` if none of the methods works here.
    package static func measure(
        in files: any FileSystem, folder: String, methods: [SyncMethod] = SyncMethod.allCases,
        blockBytes: Int, sampleCount: Int = 64, budgetNanoseconds: Int64, now: () -> Int64
    ) throws(DiskError) -> SyncProbeReport {
        precondition(sampleCount > 0, "a probe takes a sample")
        precondition(blockBytes > 0, "a block is never empty")
        let traits = try files.traits()
        let path = folder.isEmpty ? fileName : folder + "/" + fileName
        let series: [SyncSeries]
        do {
            series = try samples(
                in: files, path: path, methods: methods, blockBytes: blockBytes,
                sampleCount: sampleCount, budgetNanoseconds: budgetNanoseconds, now: now)
        } catch {
            // The first error is the one to report, whether or not the file can be removed.
            do { try files.remove(path) } catch {}
            throw error
        }
        try files.remove(path)
        let timings = series.compactMap(\.timing)
        guard let report = SyncProbeReport(timings: timings, traits: traits) else {
            throw DiskError(.sync, SystemCall.notSupported)
        }
        return report
    }

    private static func samples(
        in files: any FileSystem, path: String, methods: [SyncMethod], blockBytes: Int,
        sampleCount: Int, budgetNanoseconds: Int64, now: () -> Int64
    ) throws(DiskError) -> [SyncSeries] {
        let memory = try PageMemory(byteCount: blockBytes)
        let file = try files.open(path, OpenMode(.createIfMissing))
        defer { file.close() }
        try fill(file, from: memory, blockCount: methods.count * sampleCount)
        var series: [SyncSeries] = []
        for (index, method) in methods.enumerated() {
            let target: any File
            if method == .direct {
                let mode = OpenMode(.mustExist, direct: true)
                guard let direct = try? files.open(path, mode) else { continue }
                target = direct
            } else {
                target = file
            }
            let firstBlock = index * sampleCount
            series.append(SyncSeries(method: method, file: target, firstBlock: firstBlock))
        }
        defer { for one in series where one.method == .direct { one.file.close() } }
        let deadline = now() + budgetNanoseconds
        for round in 0..<sampleCount {
            for index in series.indices {
                try series[index].sample(round, from: memory, now: now)
            }
            if now() >= deadline { break }
        }
        return series
    }

    private static func fill(_ file: any File, from memory: PageMemory, blockCount: Int)
        throws(DiskError)
    {
        for block in 0..<blockCount {
            try memory.withBytes(in: 0..<memory.byteCount) { bytes throws(DiskError) in
                try file.write(bytes, at: block * bytes.byteCount)
            }
        }
        try file.sync()
    }
}

/// The samples of one method.
struct SyncSeries {
    let method: SyncMethod
    let file: any File
    /// Each method has blocks of its own, so that none sees another's pages.
    let firstBlock: Int
    private var durable: [Int64] = []
    private var unsynced: [Int64] = []
    /// False once the system said that it does not have this method.
    private var isAvailable = true

    init(method: SyncMethod, file: any File, firstBlock: Int) {
        self.method = method
        self.file = file
        self.firstBlock = firstBlock
    }

    mutating func sample(_ round: Int, from memory: PageMemory, now: () -> Int64)
        throws(DiskError)
    {
        guard isAvailable else { return }
        let offset = (firstBlock + round) * memory.byteCount
        // Other bytes each time, for devices that notice when nothing changes.
        memory.store(UInt8(truncatingIfNeeded: round + 1), at: 0)
        do {
            let (start, written, end) = try memory.withBytes(in: 0..<memory.byteCount) {
                bytes throws(DiskError) in
                let start = now()
                try file.write(bytes, at: offset)
                let written = now()
                try file.writeDurably(bytes, at: offset, by: method)
                return (start, written, now())
            }
            unsynced.append(written - start)
            durable.append(end - written)
        } catch {
            guard SystemCall.meansUnavailable(error.code), durable.isEmpty else { throw error }
            isAvailable = false
        }
    }

    var timing: SyncTiming? {
        SyncTiming(method: method, durable: durable, unsynced: unsynced)
    }
}
