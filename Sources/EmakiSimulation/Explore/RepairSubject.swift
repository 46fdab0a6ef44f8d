import EmakiLog
import EmakiPlatform

/// A damaged store, and what must be there after a repair of it, however often that was tried:
/// - the log opens, or is repaired once more and opens;
/// - each event that could be read before is there, at its position, with its bytes;
/// - each event that is not is in a loss, and where a mark proved the end, the log ends there;
/// - each segment that was written to is in the folder for copies, as it was.
struct RepairSubject {
    let state: DiskState
    private let reference: ReferenceLog
    private let isEndProven: Bool
    /// Positions of events that can be read although the store is damaged.
    private let readable: [UInt64]
    /// The segments as they were, by path, without what cannot be read.
    private let segments: [String: PagedBytes]
    /// What cannot be read.
    private let unreadable: (path: String, range: Range<Int>)?

    init(_ harm: RepairFailures.Harm, blockBytes: Int, _ method: SyncMethod) throws {
        let store = try SweepStore(harm.ending, blockBytes: blockBytes, method: method)
        var state = store.state
        var unreadable: (path: String, range: Range<Int>)?
        for (path, damage) in Self.damages(harm, store) {
            guard try state.damage(path, damage) else { continue }
            if case .unreadable(let range) = damage { unreadable = (path, range) }
        }
        self.state = state
        self.unreadable = unreadable
        reference = store.reference
        isEndProven = store.ending.isMarked
        segments = Self.segments(of: state, without: unreadable)
        let core = try LogCore.open(
            in: SimulatedFileSystem(state), configuration: .readOnly(toleratingDamage: true),
            entropy: ScriptEntropy(seed: 0))
        defer { core.closeFiles() }
        let range = core.firstPosition.rawValue..<core.durableEnd.rawValue
        readable = try range.filter { try core.durableEvent(at: Position($0)) != nil }
    }

    private static func damages(
        _ harm: RepairFailures.Harm, _ store: SweepStore
    ) -> [(path: String, Damage)] {
        let frames = store.groups.map(\.place)
        let flips = frames.map {
            ($0.path, Damage.flipBit(offset: $0.range.lowerBound + 60, bit: 1))
        }
        let headers = [frames[0].path, frames[frames.count - 1].path].map { path in
            [0, 65_536].map { (path, Damage.zero($0..<$0 + 512)) }
        }
        let last = frames[frames.count - 1]
        return switch harm {
        case .frame: [flips[1]]
        case .frames: [flips[1], flips[frames.count - 2]]
        case .headers: headers[0]
        case .headersAndFrame: headers[1] + [flips[1]]
        case .end: [(last.path, .zero(last.range.lowerBound..<store.segmentBytes))]
        case .unreadable: [(frames[1].path, .unreadable(frames[1].range))]
        case .unreadableEnd: [(last.path, .unreadable(last.range))]
        }
    }

    private static func segments(
        of state: DiskState, without unreadable: (path: String, range: Range<Int>)?
    ) -> [String: PagedBytes] {
        var segments: [String: PagedBytes] = [:]
        for (path, entry) in state.contents.visible where path.hasPrefix("wal/") {
            guard case .file(var bytes) = entry else { continue }
            if let unreadable, path == unreadable.path { bytes.damage(.zero(unreadable.range)) }
            segments[path] = bytes
        }
        return segments
    }

    // MARK: Afterwards

    /// Holds what a repair left on a disk against all that.
    func check(
        _ disk: SimulatedFileSystem, _ counts: inout RunCounts
    ) throws(Violation) {
        let core = try opened(disk, &counts)
        defer { core.closeFiles() }
        try reference.checkRepaired(core)
        let end = core.durableEnd.rawValue
        guard !isEndProven || end == reference.acknowledgedEnd else {
            throw Violation(
                .repairRenumbersNothing,
                "a repaired log ends at \(end), and \(reference.acknowledgedEnd) was proven")
        }
        for position in readable {
            guard position < end, try core.readable(at: position) != nil else {
                throw Violation(
                    .repairRenumbersNothing,
                    "position \(position) could be read before the repair, and then not")
            }
        }
        try checkCopies(disk)
        try checkRepeats(disk.clone())
    }

    /// As a person goes on: it opens, or it is repaired once more.
    private func opened(
        _ disk: SimulatedFileSystem, _ counts: inout RunCounts
    ) throws(Violation) -> LogCore {
        counts.states += 1
        if let core = try? Self.open(disk) { return core }
        counts.repairs += 1
        do throws(LogError) {
            _ = try LogCore.repair(in: disk)
            return try Self.open(disk)
        } catch {
            throw Violation(.repairRenumbersNothing, "a second repair does not help: \(error)")
        }
    }

    private static func open(_ disk: SimulatedFileSystem) throws(LogError) -> LogCore {
        try LogCore.open(
            in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 99))
    }

    private func checkCopies(_ disk: SimulatedFileSystem) throws(Violation) {
        let now = Self.segments(of: disk.presentState, without: unreadable)
        let files = disk.contents().visible
        for (path, bytes) in segments {
            let name = "damaged/segment-\(Self.number(path))"
            guard case .file(var copy) = files[name] else {
                guard now[path] == bytes else {
                    throw Violation(
                        .repairRenumbersNothing, "\(path) was written to, and there is no \(name)")
                }
                continue
            }
            if let unreadable, path == unreadable.path { copy.damage(.zero(unreadable.range)) }
            guard copy == bytes else {
                throw Violation(.repairRenumbersNothing, "\(name) is not \(path) as it was")
            }
        }
    }

    /// Files are numbered from 0 and their first segments from 1; none is in its second life.
    private static func number(_ path: String) -> Int {
        (Int(path.drop { $0 != "/" }.dropFirst()) ?? 0) + 1
    }

    private func checkRepeats(_ disk: SimulatedFileSystem) throws(Violation) {
        do throws(LogError) {
            let report = try LogCore.repair(in: disk)
            guard report.damages.isEmpty, report.copies.isEmpty else {
                throw LogError.beyondRepair(report.damages[0])
            }
        } catch {
            throw Violation(
                .repairRenumbersNothing, "what was repaired is repaired again: \(error)")
        }
    }
}
