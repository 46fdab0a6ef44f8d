import EmakiPlatform

/// What a probe of a store's disk measured.
public struct ProbeReport: Sendable, Equatable, Codable {
    /// One way to make a block durable.
    public struct Method: Sendable, Equatable, Codable {
        /// "direct", "dataSync" or "fullSync".
        public let name: String
        /// Median nanoseconds of a durable block write.
        public let p50: Int64
        /// 99th percentile.
        public let p99: Int64
        /// Median nanoseconds of the same write without a sync.
        public let unsyncedP50: Int64
    }
    /// Every method that works here.
    public let methods: [Method]
    /// The fastest of them.
    public let chosen: String
    /// F: the median of the direct method, or of the chosen one where there is no direct I/O.
    public let rawLatencyNanoseconds: Int64
    /// Size of the writes.
    public let blockBytes: Int
    /// Name of the file system.
    public let fileSystem: String
    /// What to know about this disk.
    public let warnings: [String]
}

extension ProbeReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        func micro(_ nanoseconds: Int64) -> String {
            "\(nanoseconds / 1000).\(nanoseconds % 1000 / 100) us"
        }
        var lines = methods.map {
            "\($0.name == chosen ? "*" : " ") \($0.name): p50 \(micro($0.p50)), p99"
                + " \(micro($0.p99)); not synced p50 \(micro($0.unsyncedP50))"
        }
        lines.append(
            "F = \(micro(rawLatencyNanoseconds)) for \(blockBytes) bytes on \(fileSystem)")
        lines += warnings.map { "warning: \($0)" }
        return lines.joined(separator: "\n")
    }
}

/// What a repair found and did.
public struct RepairReport: Sendable, Equatable, Codable {
    /// Damaged places, each now mended or covered by a loss record.
    public var damages: [Corruption] = []
    /// What was lost.
    public var losses: [RecoveryReceipt.Loss] = []
    /// Copies of the files as they were, below the store's folder.
    public var copies: [String] = []
}

extension RepairReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        guard !damages.isEmpty else { return "nothing to repair" }
        var lines = damages.map { "mended: \($0.finding)" }
        lines += losses.map {
            "lost: positions \($0.firstPosition)..<\($0.endPosition) at \($0.file):\($0.fileOffset)"
        }
        lines += copies.map { "copy kept: \($0)" }
        return lines.joined(separator: "\n")
    }
}

extension EventLog {
    /// Measures the disk of a store again, and records F and the fastest sync method in STORE.
    /// - Throws: `.notAStore`, `.locked`, `.corrupt`, `.noSpace`, `.disk`.
    public static func probe(at path: String) async throws(LogError) -> ProbeReport {
        try await SystemThread.offload(name: "emaki-probe") { () throws(LogError) in
            try withLockedStore(at: path) { files throws(LogError) in
                try StoreProbe(path: path, files: files).run()
            }
        }
    }

    /// Makes a damaged store open again: keeps a copy of each damaged segment, and writes a loss
    /// record where acknowledged events cannot be read. Nothing that makes sense and is whole, in
    /// its place and linked is changed, and no event gets another position. A segment without a
    /// good header gets it again if its frames say which segment it is.
    ///
    /// Missing and short files are beyond it, because nothing says how much they held; so are
    /// segments that nothing identifies, and a MANIFEST that is bad or out of date.
    /// - Returns: what was lost; empty if the store was whole.
    /// - Throws: `.beyondRepair`, `.notAStore`, `.locked`, `.noSpace`, `.disk`.
    public static func repair(at path: String) async throws(LogError) -> RepairReport {
        try await SystemThread.offload(name: "emaki-repair") { () throws(LogError) in
            try withLockedStore(at: path) { files throws(LogError) in
                var repair = Repair(files: files)
                return try repair.run()
            }
        }
    }

    /// Moves every segment that is full into a sealed file, and returns when that is done. In the
    /// background this happens by itself, unless `Configuration.sealsInBackground` is off.
    ///
    /// Appends and reads go on meanwhile.
    /// - Parameter all: the segment that is being appended to, too, though it is not full; appends
    ///   go on in the next one. Otherwise it is left alone.
    /// - Throws: `.noSpace`, `.disk`, `.corrupt` (of what was read back), `.poisoned`, `.readOnly`,
    ///   `.closed`; then the segments stay as they are.
    /// - Complexity: O(bytes of the full segments).
    nonisolated(nonsending) public func seal(all: Bool = false) async throws(LogError) {
        try await committer.sealAll()
        guard all else { return }
        // Only now: on a full disk it is the full ones that give a segment to go on in.
        try await committer.leaveActiveSegment()
        try await committer.sealAll()
    }

    /// Merges sealed files as far as `Configuration.mergedBytesMax` allows, and returns when that
    /// is done. In the background files are merged tier by tier, unless
    /// `Configuration.mergesInBackground` is off.
    ///
    /// Afterwards a stream's sealed events lie in one place. Appends and reads go on meanwhile;
    /// space for the new files is needed until the old ones are gone.
    /// - Throws: `.noSpace`, `.disk`, `.corrupt`, `.poisoned`, `.readOnly`, `.closed`; then the
    ///   files stay as they are.
    /// - Complexity: O(bytes of the files that are merged).
    nonisolated(nonsending) public func merge() async throws(LogError) {
        try await committer.mergeAll()
    }

    /// Reads every page and every event of every sealed file from the device, and mends damaged
    /// pages by their parity.
    /// - Parameter progress: called now and then, from a thread of its own, with the bytes that
    ///   were read so far and those of all files; false ends the scrub.
    /// - Returns: what was found and mended; damage that is beyond its parity is in it, too, and
    ///   leaves the rest of the store readable.
    /// - Throws: `.disk`, `.closed`.
    /// - Complexity: O(bytes).
    public func scrub(
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) async throws(LogError) -> ScrubReport {
        let committer = committer
        return try await SystemThread.offload(name: "emaki-scrub") { () throws(LogError) in
            try committer.scrub(progress: progress)
        }
    }

    /// Runs a command on a store that nobody has open.
    private static func withLockedStore<R>(
        at path: String, _ body: (PosixFileSystem) throws(LogError) -> R
    ) throws(LogError) -> R {
        let files = PosixFileSystem(root: path)
        guard try StoreCreation.isStore(files, path: path) else {
            throw .notAStore(path: path, reason: "there is no STORE file")
        }
        let lockFile = try StoreCreation.lock(files, path: path)
        defer { lockFile.unlock() }
        return try body(files)
    }
}

extension Committer {
    /// As `EventLog.scrub`, on this thread.
    func scrub(progress: (_ done: Int, _ total: Int) -> Bool) throws(LogError) -> ScrubReport {
        let (sealed, removals) = try reading { ($0.sealed, $0.manifest.removalFile) }
        var report = try sealed.scrub(in: core.files, progress: progress)
        if !report.isCutShort, let removals {
            try removals.scrub(
                in: core.files, storeID: core.store.storeID, core.configuration.isReadOnly,
                &report)
        }
        return report
    }
}

/// Measures again what `StoreCreation` measured.
struct StoreProbe {
    let path: String
    let files: PosixFileSystem

    func run() throws(LogError) -> ProbeReport {
        var (store, _) = try StoreFile.read(in: files)
        let blockBytes = store.layout.blockBytes
        let (traits, probe) = try LogError.translating(path) { () throws(DiskError) in
            let traits = try files.traits()
            let probe = try StoreCreation.measure(files, traits, blockBytes: blockBytes)
            return (traits, probe)
        }
        store.syncMethod = probe.chosen
        store.rawLatency = probe.rawLatencyP50
        let measured = store
        try LogError.translating(path) { () throws(DiskError) in try measured.write(in: files) }
        return ProbeReport(
            methods: probe.timings.map {
                .init(
                    name: "\($0.method)", p50: $0.durableP50, p99: $0.durableP99,
                    unsyncedP50: $0.unsyncedP50)
            },
            chosen: "\(probe.chosen)", rawLatencyNanoseconds: probe.rawLatencyP50,
            blockBytes: blockBytes, fileSystem: traits.fileSystemName,
            warnings: probe.warnings.map(\.description))
    }
}
