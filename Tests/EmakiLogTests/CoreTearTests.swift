import EmakiPlatform
import Testing

@testable import EmakiLog

/// Many crashes in a row on one store, each in the middle of a write whose sectors reach the disk
/// in any combination; unsynced bytes and folder entries are kept or dropped.
@Suite struct CoreTearTests {
    @Test(
        "crashes in a row, at torn writes of every kind, lose and invent nothing", arguments: 1...8)
    func manyCrashesInARow(seed: Int) throws {
        var life = try CrashingLife(seed: seed)
        for number in 0..<120 { try life.run(number) }
        #expect(life.acknowledgedCount > 100)
    }
}

private struct CrashingLife {
    let seed: Int
    let random: SeededEntropy
    var disk: MemoryFileSystem
    var model = LogContent()
    var pending: [[StreamAppend]] = []
    /// Where retirements whose outcome is not known would have cut.
    var uncertainAnchors: [UInt64] = []
    var acknowledgedCount = 0

    init(seed: Int) throws {
        self.seed = seed
        random = SeededEntropy(seed: UInt64(seed))
        let blockBytes = [512, 4096, 4096, 8192][seed % 4]
        let first = try CoreHarness(blockBytes: blockBytes, seed: UInt64(seed))
        first.core.closeFiles()
        disk = first.files
    }

    /// Opens, checks, works until the disk stops or the work is done, and loses power.
    mutating func run(_ number: Int) throws {
        let files = TearingFileSystem(disk, random, writesLeft: random.below(14))
        defer {
            disk = disk.afterPowerLoss(
                keepingEntries: random.below(2) == 0, keepingBytes: random.below(2) == 0)
        }
        let core: LogCore
        do {
            core = try LogCore.open(
                in: files, configuration: .init(),
                entropy: SeededEntropy(seed: UInt64(number) << 20 | UInt64(seed)))
        } catch {
            // Recovery itself was stopped.
            #expect(files.isStopped, "seed \(seed), life \(number): \(error)")
            return
        }
        try check(core, number)
        do {
            for _ in 0..<random.below(12) { try work(core) }
            if random.below(3) == 0, core.wantsMark(isClosing: true) {
                try core.mark(isClosing: true, at: 3)
            }
        } catch is DiskError {
        } catch is LogError {
        }
        core.closeFiles()
    }

    private mutating func check(_ core: LogCore, _ number: Int) throws {
        let content = try core.content()
        var withPending = model
        for parts in pending { withPending.add(parts) }
        let anchors = uncertainAnchors
        let allowed =
            [model, withPending]
            + anchors.flatMap { [model.retired(before: $0), withPending.retired(before: $0)] }
        #expect(allowed.contains(content), "seed \(seed), life \(number): \(content.summary)")
        model = content
        pending = []
        uncertainAnchors = []
    }

    private mutating func work(_ core: LogCore) throws {
        switch random.below(10) {
        case 0:
            if core.wantsMark(isClosing: false) { try core.mark(isClosing: false, at: 1) }
        case 1:
            try core.prepareSegments()
        case 2 where core.activeIndex > 0 && !core.hasStaged:
            let anchor = core.segmentEnds[core.activeIndex - 1].nextPosition.rawValue
            uncertainAnchors.append(anchor)
            try core.retire(upTo: core.segments[core.activeIndex - 1].number)
            uncertainAnchors.removeLast()
            model = model.retired(before: anchor)
        default:
            for _ in 0...random.below(3) { try stage(core) }
            try commit(core)
        }
    }

    private mutating func stage(_ core: LogCore) throws {
        let size = [3, 300, 3900, 9000, 20_000][random.below(5)]
        let stream = try StreamID(utf8: Array("s\(random.below(5))".utf8))
        let event = Event(type: "T", payload: bytes(size, seed: random.below(250)))
        let parts = [StreamAppend(to: stream, [event])]
        let batch = try MeasuredBatch(
            MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
        if case .staged = core.stage(batch, version: { _, _ in }) {
            pending.append(parts)
        } else {
            try commit(core)
            try core.prepareSegments()
        }
    }

    private mutating func commit(_ core: LogCore) throws {
        try core.commit(at: 2)
        acknowledgedCount += pending.count
        for parts in pending { model.add(parts) }
        pending = []
    }
}
