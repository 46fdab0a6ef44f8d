import EmakiLog
import EmakiPlatform

/// How a small store ended before it is damaged.
package enum SweepEnding: String, Sendable, CaseIterable {
    case idle, closed, killed, rotated, recycled, sealed

    /// A mark says where the log ends.
    var isMarked: Bool { self == .idle || self == .closed || self == .sealed }

    func steps() throws(ScriptError) -> [Step] { try Script(lines.joined(separator: "\n")).steps }

    private var lines: [String] {
        let start = ["prepare", "append a 2x20", "append a 1x500 + b 2x0", "idle"]
        let filled = ["fill 1", "write"]
        let end = ["append b 1x3", "append a 3x600", "append c 1x40"]
        return switch self {
        case .idle: start + filled + end + ["idle"]
        case .closed: start + filled + end + ["close"]
        case .killed: start + end
        case .rotated: start + ["append b 1x3"] + filled + ["append a 1x30"]
        case .recycled:
            start + filled + ["append old 1x700", "prepare", "fill 0", "write", "append old 1x9"]
                + ["retire 0", "prepare", "fill 0", "write", "append b 1x3", "append c 1x40"]
        case .sealed:
            start + ["truncate a 1", "write"] + filled + end
                + ["prepare", "fill 0", "write", "append a 1x3", "seal 0", "idle"]
        }
    }
}

/// A small store, all that is known about it, and how it was before.
struct SweepStore {
    let ending: SweepEnding
    let state: DiskState
    let reference: ReferenceLog
    /// The frames of events, oldest first, and the position at which each ends.
    let groups: [(place: GatedCall, end: UInt64)]
    /// Up to here a mark proved the end once.
    let markedEnd: UInt64
    /// The files as they were after each earlier step, where they were other than they are.
    let older: [String: [PagedBytes]]
    /// By path.
    let files: [(path: String, bytes: [UInt8])]
    let blockBytes: Int
    let segmentBytes: Int

    init(_ ending: SweepEnding, blockBytes: Int, method: SyncMethod = .direct) throws {
        var shape = StoreShape()
        shape.blockBytes = blockBytes
        shape.method = method
        segmentBytes = shape.segmentBytes
        let script = Script(store: shape, steps: try ending.steps())
        let driver = try Driver(script)
        defer { driver.core?.closeFiles() }
        var older: [String: [PagedBytes]] = [:]
        var markedEnd: UInt64 = 0
        while driver.cursor < script.steps.count {
            for (path, entry) in driver.disk.contents().visible {
                guard case .file(let bytes) = entry, older[path]?.last != bytes else { continue }
                older[path, default: []].append(bytes)
            }
            try driver.runNext()
            if driver.end.isMarked { markedEnd = driver.reference.acknowledgedEnd }
        }
        driver.disk.losePower { _ in .keep }
        self.ending = ending
        self.blockBytes = blockBytes
        state = driver.disk.presentState
        reference = driver.reference
        groups = driver.groups
        self.markedEnd = markedEnd
        var files: [(path: String, bytes: [UInt8])] = []
        for (path, entry) in state.contents.durable {
            guard case .file(let bytes) = entry else { continue }
            files.append((path, bytes.bytes))
            older[path]?.removeAll { $0 == bytes }
        }
        self.files = files.sorted { $0.path < $1.path }
        self.older = older
    }
}

/// What became of an opening of a damaged store.
enum SweepOutcome: Equatable {
    /// Everything is there.
    case kept
    /// Refused, with the place.
    case refused(file: String)
    /// The numbered non-promise N1: groups behind the last mark, each of them damaged, are gone.
    case unmarkedGone
    case silent(String)
}

extension SweepStore {
    /// No more than one copy of a header or of a slot, each of which is stored twice: a piece of
    /// STORE, of MANIFEST, of the file of removals, or of a segment before its first frame.
    func isOneCopy(_ path: String, _ ranges: [Range<Int>]?) -> Bool {
        guard let ranges, ranges.count == 1, ranges[0].count <= 4096 else { return false }
        if path == "STORE" || path == "MANIFEST" || path.hasSuffix(".removals") { return true }
        let first = groups.filter { $0.place.path == path }.map(\.place.range.lowerBound).min()
        return ranges[0].upperBound <= first ?? .max
    }

    /// Opens a damaged copy for writing, twice.
    /// - Parameter ranges: where it is damaged; nil: the whole file.
    func outcome(
        of damaged: DiskState, in path: String, _ ranges: [Range<Int>]?
    ) -> SweepOutcome {
        let disk = SimulatedFileSystem(damaged)
        let core: LogCore
        do throws(LogError) {
            core = try Self.open(disk)
        } catch {
            return refusal(error)
        }
        defer { core.closeFiles() }
        let end = core.durableEnd.rawValue
        do throws(Violation) {
            var expected = reference
            if end < reference.acknowledgedEnd, end >= reference.first {
                if let fault = fault(ofEnd: end, core.receipt, path, ranges) {
                    return .silent(fault)
                }
                expected.settle(end: end, first: reference.first)
            }
            try expected.check(core)
            if !core.receipt.mended.isEmpty || !core.receipt.cuts.isEmpty {
                try checkMended(disk, expected)
            }
        } catch {
            return .silent(error.description)
        }
        return end < reference.acknowledgedEnd ? .unmarkedGone : .kept
    }

    private static func open(_ disk: SimulatedFileSystem) throws(LogError) -> LogCore {
        try LogCore.open(
            in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 99))
    }

    private func refusal(_ error: LogError) -> SweepOutcome {
        switch error {
        case .corrupt(let corruption) where !corruption.file.isEmpty:
            .refused(file: corruption.file)
        // There is no STORE, so there is no store.
        case .notAStore: .refused(file: "STORE")
        default: .silent("refused without a place: \(error)")
        }
    }

    /// Why a log that ends too early is no case of N1; nil if it is one.
    private func fault(
        ofEnd end: UInt64, _ receipt: RecoveryReceipt, _ path: String, _ ranges: [Range<Int>]?
    ) -> String? {
        let count = reference.acknowledgedEnd - end
        guard !ending.isMarked, end >= markedEnd else { return "\(count) proven events are gone" }
        guard receipt.end == .unmarked || end == markedEnd else {
            return "\(count) events are gone, and the receipt says \(receipt.end)"
        }
        for group in groups where group.end > end {
            let isHit =
                group.place.path == path
                && (ranges?.contains { $0.overlaps(group.place.range) } ?? true)
            if !isHit { return "an undamaged group at \(group.place) is gone" }
        }
        return nil
    }

    /// What was mended stays so.
    private func checkMended(
        _ disk: SimulatedFileSystem, _ expected: ReferenceLog
    ) throws(Violation) {
        let again: LogCore
        do throws(LogError) {
            again = try Self.open(disk.clone())
        } catch {
            throw Violation(.recoveryRepeats, "a second opening is refused: \(error)")
        }
        defer { again.closeFiles() }
        guard again.receipt.mended.isEmpty else {
            throw Violation(
                .recoveryRepeats, "\(again.receipt.mended) is mended a second time")
        }
        try expected.check(again)
    }
}
