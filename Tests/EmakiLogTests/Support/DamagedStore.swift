import EmakiPlatform

@testable import EmakiLog

/// How a small store ended before it is damaged.
enum StoreEnding: String, CaseIterable, Sendable {
    case idle, closed, killed, rotated, recycled
}

/// A store of two or three segments with a handful of frames, and all that is known about it.
struct DamagedStore {
    let files: MemoryFileSystem
    let model: LogContent
    /// Without the last group: what may be left of a log that was not marked.
    let withoutLastGroup: LogContent
    /// Events of the largest group.
    let groupEventsMax = 3
    /// Bytes from each frame's start to its payload's end, by file.
    let frames: [(path: String, range: Range<Int>)]
    let layout: SegmentLayout

    init(_ ending: StoreEnding, blockBytes: Int = 512) throws {
        let harness = try CoreHarness(blockBytes: blockBytes, seed: 11)
        try harness.core.prepareSegments()
        if ending == .recycled {
            try Self.fill(harness)
            try harness.append(to: "old", [bytes(700), bytes(10)])
            try harness.mark()
            try harness.retire(upTo: 1)
            try harness.core.prepareSegments()
            try Self.fill(harness)
            try harness.append(to: "old", [bytes(58_000)])
            // Goes to the start of the recycled file, in front of what its first life left.
            try harness.append(to: "old", [bytes(8000)])
            precondition(harness.core.active.fileIndex == 0, "the first file is in use again")
        }
        try harness.append(to: "a", [[1], [2, 3]])
        if ending == .idle { try harness.mark() }
        try harness.append([
            StreamAppend(
                to: "a", [Event(type: "U", payload: bytes(500), id: EventID(low: 5, high: 6))]),
            StreamAppend(to: "b", [Event(type: "V", payload: [], metadata: bytes(9))]),
        ])
        if ending != .killed, ending != .recycled { try Self.fill(harness) }
        try harness.append(to: "b", [bytes(3)])
        if ending != .rotated { try harness.append(to: "a", [bytes(600), [], [7]]) }
        let before = harness.model
        try harness.append(to: "c", [bytes(40)])
        switch ending {
        case .idle: try harness.mark()
        case .closed: try harness.close()
        case .killed, .rotated, .recycled: break
        }
        files = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
        model = harness.model
        withoutLastGroup = before
        layout = harness.core.layout
        frames = harness.core.segments.flatMap { segment in
            Self.frames(in: segment, layout: harness.core.layout)
        }
    }

    /// A group that leaves little room in the segment.
    private static func fill(_ harness: CoreHarness) throws {
        let room = harness.core.layout.segmentBytes - harness.core.gathering.next - 5000
        try harness.append(to: "big", [bytes(room)])
        try harness.append(to: "big", [bytes(3800)])
    }

    private static func frames(
        in segment: Segment, layout: SegmentLayout
    ) -> [(path: String, range: Range<Int>)] {
        var found: [(path: String, range: Range<Int>)] = []
        for offset in stride(
            from: layout.framesOffset, to: layout.segmentBytes, by: layout.blockBytes)
        {
            let frame = FrameHeader.find(
                in: segment.image, at: offset, of: segment.identity, layout: layout)
            guard case .whole(let header, _) = frame else { continue }
            found.append(
                (segment.path, offset..<offset + FrameHeader.byteCount + header.payloadBytes))
        }
        return found
    }
}

/// What became of an open of a damaged store.
enum DamageOutcome: Equatable {
    case same
    case refused(Corruption)
    /// The numbered non-promise: the last group of a log that was not marked.
    case lastGroupGone
    case wrong(String)
}

extension DamagedStore {
    /// Opens a damaged copy for writing, and says what that gave.
    func outcome(of damaged: MemoryFileSystem) -> DamageOutcome {
        do {
            let core = try openCore(damaged)
            defer { core.closeFiles() }
            let content = try core.content()
            if content == model { return .same }
            if content == withoutLastGroup, core.receipt.end == .unmarked { return .lastGroupGone }
            return .wrong("\(core.receipt.end): \(content.summary)")
        } catch let error as LogError {
            guard case .corrupt(let corruption) = error else { return .wrong("\(error)") }
            return .refused(corruption)
        } catch {
            return .wrong("\(error)")
        }
    }

    /// What a tolerant read-only open shows; nil if it is all as it was written, and enough of it.
    func faultOfTolerantOpen(_ damaged: MemoryFileSystem, lostMax: Int) -> String? {
        do {
            let before = damaged.contents
            let core = try openCore(damaged, .readOnly(toleratingDamage: true))
            defer { core.closeFiles() }
            guard damaged.contents == before else { return "it wrote" }
            guard !core.receipt.damages.isEmpty else { return "no damage is listed" }
            let content = try core.content()
            let known = Dictionary(
                uniqueKeysWithValues: model.events.compactMap { $0 }.map { ($0.position, $0) })
            for case .some(let event) in content.events where known[event.position] != event {
                return "\(event) was never written"
            }
            let readable = content.events.count { $0 != nil }
            if readable < model.events.count - lostMax { return "only \(content.summary)" }
            let cut = core.receipt.cuts.first { !$0.isRemembered }
            if let cut { return "acknowledged bytes are called torn: \(cut)" }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
