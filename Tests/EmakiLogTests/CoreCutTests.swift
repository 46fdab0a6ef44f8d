import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Power loss within the last write, at every byte.
@Suite struct CoreCutTests {
    /// A log of several groups over two segments, and a last group that is still to be written.
    private static func harness(blockBytes: Int, payload: Int) throws -> CoreHarness {
        let harness = try CoreHarness(blockBytes: blockBytes, seed: 3)
        try harness.core.prepareSegments()
        try harness.append(to: "a", [[1], [2]])
        try harness.append(to: "big", [bytes(50_000)])
        try harness.append(to: "b", [bytes(20_000)])
        try harness.append(to: "a", [[3]])
        #expect(harness.core.activeIndex == 1)
        try harness.stage([
            StreamAppend(to: "a", [Event(type: "T", payload: bytes(payload))]),
            StreamAppend(to: "new", [Event(type: "T")]),
        ])
        return harness
    }

    @Test(
        "a write that stops after any byte leaves the batch whole or not at all, and is cut",
        arguments: [(512, 900), (512, 0), (4096, 9000)])
    func everyCut(blockBytes: Int, payload: Int) throws {
        let whole = try Self.harness(blockBytes: blockBytes, payload: payload)
        let frameBytes = FrameHeader.byteCount + whole.core.stagedBytes
        let padded = whole.core.layout.padded(frameBytes)
        let start = whole.core.gathering.start
        let path = whole.core.active.path
        var cutCount = 0
        var wholeCount = 0
        // The ends of what is checked by itself, and between them every few bytes.
        let ends = [0, 4, FrameHeader.byteCount, FrameHeader.byteCount + 8, 512, frameBytes]
        for kept in 0...padded
        where kept <= 520 && kept % TestExtent.every(5) == 0 || kept % 128 == 0
            || ends.contains(where: { abs($0 - kept) <= 1 })
        {
            let harness = try Self.harness(blockBytes: blockBytes, payload: payload)
            harness.files.resetCounts()
            harness.files.fault = .init(
                kind: .writeDurably, number: 1, bytesKept: kept, changesUntilStop: 0)
            #expect(throws: DiskError.self) { try harness.commit() }
            #expect(harness.core.isPoisoned)
            let left = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
            let core = try openCore(left)
            let content = try core.content()
            // The batch ends in zeros, so that a write that lacks only those is whole.
            let isWhole = content == harness.allowed[1]
            #expect(isWhole || content == harness.model, "kept \(kept)")
            if kept >= frameBytes { #expect(isWhole, "kept \(kept)") }
            if kept < FrameHeader.byteCount + 8 { #expect(!isWhole, "kept \(kept)") }
            #expect(core.receipt.durablePosition.rawValue == UInt64(content.events.count))
            #expect(core.receipt.end == .unmarked)
            let mustCut = !isWhole && kept >= 4
            #expect(core.receipt.cuts.count == (mustCut ? 1 : 0), "kept \(kept)")
            if mustCut {
                let cut = RecoveryReceipt.Cut(
                    file: path, fileOffset: start, group: 5, isRemembered: false)
                #expect(core.receipt.cuts == [cut])
                cutCount += 1
            }
            wholeCount += isWhole ? 1 : 0
            core.closeFiles()
            try Self.opensTheSame(left, content, cuts: core.receipt.cuts)
        }
        print("cuts at blocks of \(blockBytes): \(cutCount) torn and cut, \(wholeCount) whole")
    }

    /// Opened again: nothing changes, and the cut is remembered until a clean close.
    private static func opensTheSame(
        _ files: MemoryFileSystem, _ content: LogContent, cuts: [RecoveryReceipt.Cut]
    ) throws {
        let before = files.contents
        let again = try openCore(files)
        #expect(try again.content() == content)
        #expect(files.contents == before)
        #expect(again.receipt.cuts.map(\.group) == cuts.map(\.group))
        #expect(again.receipt.cuts.allSatisfy { $0.isRemembered })
        try again.mark(isClosing: true, at: 1)
        again.closeFiles()
        let closed = try openCore(files)
        #expect(closed.receipt.cuts.isEmpty)
        #expect(closed.receipt.wasClosed)
        #expect(try closed.content() == content)
    }

    @Test("a crash at any byte of the cut's own write changes nothing", arguments: [512, 4096])
    func cutOfTheCut(blockBytes: Int) throws {
        for kept in [4, 100, 128, 200, blockBytes] {
            let harness = try Self.harness(blockBytes: blockBytes, payload: 9000)
            harness.files.resetCounts()
            harness.files.fault = .init(
                kind: .writeDurably, number: 1, bytesKept: kept, changesUntilStop: 0)
            #expect(throws: DiskError.self) { try harness.commit() }
            let torn = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
            for cutKept in 0...blockBytes
            where cutKept < 8 || cutKept < 300 && cutKept % TestExtent.every(6) == 0
                || cutKept % 512 == 0
            {
                let again = torn.clone()
                again.fault = .init(
                    kind: .writeDurably, number: 1, bytesKept: cutKept, changesUntilStop: 0)
                #expect(throws: LogError.self) { try openCore(again) }
                let left = again.afterPowerLoss(keepingEntries: true, keepingBytes: true)
                let core = try openCore(left)
                #expect(try core.content() == harness.model, "torn at \(kept), cut at \(cutKept)")
                #expect(core.receipt.cuts.count <= 1)
            }
        }
    }

    @Test(
        "a group that rots behind which a torn header lies is damage, not torn",
        arguments: [512, 4096])
    func tornHeaderProves(blockBytes: Int) throws {
        let harness = try Self.harness(blockBytes: blockBytes, payload: 9000)
        let last = harness.core.gathering.start - blockBytes
        let path = harness.core.active.path
        harness.files.resetCounts()
        harness.files.fault = .init(
            kind: .writeDurably, number: 1, bytesKept: blockBytes, changesUntilStop: 0)
        #expect(throws: DiskError.self) { try harness.commit() }
        let left = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
        for offset in [0, 4, 60, 130] {
            let damaged = left.clone()
            damaged.edit(path) { $0[last + offset] ^= 1 }
            let error = #expect(throws: LogError.self) { try openCore(damaged) }
            guard case .corrupt(let corruption) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(corruption.file == path)
            #expect(corruption.fileOffset == last)
        }
    }

    @Test("a mark that stops after any byte is no harm: the log ends where it ended")
    func cutMarks() throws {
        for isClosing in [false, true] {
            for write in 1...2 {
                for kept in 0...512 where kept < 140 || kept % 64 == 0 {
                    let harness = try CoreHarness(blockBytes: 512, seed: 3)
                    try harness.append(to: "a", [[1], [2]])
                    harness.files.resetCounts()
                    harness.files.fault = .init(
                        kind: .writeDurably, number: write, bytesKept: kept, changesUntilStop: 0)
                    #expect(throws: DiskError.self) { try harness.mark(isClosing: isClosing) }
                    let left = harness.files.afterPowerLoss(
                        keepingEntries: true, keepingBytes: true)
                    let core = try openCore(left)
                    #expect(try core.content() == harness.model)
                    if write == 2 { #expect(core.receipt.end == .marked) }
                }
            }
        }
    }
}
