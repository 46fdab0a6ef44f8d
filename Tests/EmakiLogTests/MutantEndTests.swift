import EmakiPlatform
import Testing

@testable import EmakiLog

/// What lies behind the last linked frame: where a log may go on, where it is marked, and which
/// place is named.
@Suite struct MutantEndTests {
    /// Four groups of one event each, one block a group, and the place of each.
    private func fourGroups() throws -> (harness: CoreHarness, starts: [Int]) {
        let harness = try CoreHarness(blockBytes: 512, seed: 51)
        var starts: [Int] = []
        for number in 1...4 {
            starts.append(harness.core.gathering.start)
            try harness.append(to: "a", [[UInt8(number)]])
        }
        harness.core.closeFiles()
        return (harness, starts)
    }

    /// The segment's bytes, changed through the engine's own encoders.
    private func forge(_ harness: CoreHarness, _ body: (PageMemory) -> Void) {
        let image = harness.core.active.image
        body(image)
        let path = harness.core.active.path
        harness.files[path] = image.withBytes(in: 0..<image.byteCount) { $0.copyToArray() }
    }

    /// Writes one group's frame again, as it would be elsewhere.
    private func rewrite(
        _ harness: CoreHarness, from start: Int, to target: Int,
        _ change: (inout FrameHeader) -> Void
    ) throws {
        let layout = harness.core.layout
        let identity = harness.core.active.identity
        let image = harness.core.active.image
        guard
            case .whole(var header, _) = FrameHeader.find(
                in: image, at: start, of: identity, layout: layout)
        else { throw HarnessError.inconsistent("no frame at \(start)") }
        let block = image.withBytes(in: start..<start + 512) { $0.copyToArray() }
        forge(harness) { image in
            block.withRawSpan { image.copy($0, at: target) }
            change(&header)
            _ = header.encode(into: image, at: target)
        }
    }

    /// Opens a damaged store tolerantly; it must end in damage, with these events readable.
    private func expectDamagedEnd(
        _ harness: CoreHarness, readable: [UInt8], _ note: Comment
    ) throws {
        #expect(throws: LogError.self, note) { try openCore(harness.files.clone()) }
        let core = try openCore(harness.files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.end == .damaged, note)
        #expect(core.receipt.damages.count == 1, note)
        let events = try core.content().events.compactMap { $0 }
        #expect(events == harness.model.events.prefix(readable.count).compactMap { $0 }, note)
    }

    @Test("the log goes on only with a frame that can be read and lies where it was written")
    func unusableProofs() throws {
        let (torn, starts) = try fourGroups()
        forge(torn) { image in
            image.zero(starts[1]..<starts[2])
            // Of the last two groups only the headers are good.
            image.store(UInt8(9), at: starts[2] + 140)
            image.store(UInt8(9), at: starts[3] + 140)
        }
        try expectDamagedEnd(torn, readable: [1], "payloads that fail their checksums")
        let (moved, places) = try fourGroups()
        try rewrite(moved, from: places[3], to: places[3] + 512) { _ in }
        forge(moved) { $0.zero(places[1]..<places[3] + 512) }
        try expectDamagedEnd(moved, readable: [1], "a frame in another place than its own")
    }

    @Test("the log goes on only with a frame that follows a gap, behind the gap")
    func proofsWithoutGap() throws {
        let (late, starts) = try fourGroups()
        // The fourth group, as if written one block further: no group before it is missing.
        try rewrite(late, from: starts[3], to: starts[3] + 512) {
            $0.fileOffset = UInt64(starts[3] + 512)
        }
        forge(late) { $0.zero(starts[3]..<starts[3] + 512) }
        try expectDamagedEnd(late, readable: [1, 2, 3], "the next group in a later place")
        let (early, places) = try fourGroups()
        try rewrite(early, from: places[3], to: places[3]) { $0.group += 2 }
        try expectDamagedEnd(early, readable: [1, 2, 3], "a later group in the next place")
    }

    // MARK: Marks

    @Test("a log is marked only if nothing was begun behind its mark") func marks() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 52)
        try harness.append(to: "a", [[1]])
        try harness.mark()
        #expect(try openCore(harness.files.clone()).receipt.end == .marked)
        let start = harness.core.gathering.start
        try harness.append(to: "a", [[2]])
        harness.files.edit(harness.core.active.path) { $0[start + 20] ^= 1 }
        let core = try openCore(harness.files)
        #expect(core.receipt.end == .unmarked)
        #expect(core.receipt.cuts.map(\.fileOffset) == [start])
    }

    @Test("an unmarked log wants a mark when it is opened, and a marked one does not")
    func wantedMarks() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 53)
        try harness.append(to: "a", [[1]])
        #expect(try openCore(harness.files.clone()).wantsMark(isClosing: false))
        let start = harness.core.gathering.start
        try harness.mark()
        #expect(try !openCore(harness.files.clone()).wantsMark(isClosing: false))
        #expect(try openCore(harness.files.clone()).wantsMark(isClosing: true))
        #expect(try !openCore(harness.files.clone(), .readOnly()).wantsMark(isClosing: true))
        // The slot alone marks the end, too.
        let slotOnly = harness.files.clone()
        slotOnly.edit(harness.core.active.path) { bytes in
            for index in start..<start + 512 { bytes[index] = 0 }
        }
        let core = try openCore(slotOnly)
        #expect(core.receipt.end == .marked)
        #expect(!core.wantsMark(isClosing: false))
        try harness.close()
        let closed = try openCore(harness.files)
        #expect(closed.receipt.wasClosed)
        #expect(!closed.wantsMark(isClosing: true))
    }

    @Test("a log that is only read wants no mark, nor does one without a group, or after a failure")
    func unwantedMarks() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 56)
        #expect(!harness.core.wantsMark(isClosing: true), "there is no group")
        try harness.append(to: "a", [[1]])
        #expect(harness.core.wantsMark(isClosing: true))
        #expect(try !openCore(harness.files.clone(), .readOnly()).wantsMark(isClosing: true))
        try harness.stage([StreamAppend(to: "a", [Event(type: "T")])])
        #expect(!harness.core.wantsMark(isClosing: true), "something is staged")
        let write = harness.core.beginGroup(at: 1)
        #expect(!harness.core.wantsMark(isClosing: true), "a write is out")
        try write.perform()
        harness.core.finish(write)
        #expect(harness.core.wantsMark(isClosing: true))
        harness.core.poison()
        #expect(!harness.core.wantsMark(isClosing: true))
    }

    @Test(
        "a mark's frame alone proves the end, whatever an earlier life left behind it",
        arguments: [false, true])
    func marksClear(isClosing: Bool) throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 57)
        let core = harness.core
        try harness.append(to: "a", [[1]])
        let path = core.active.path
        let behind = core.gathering.start + 512
        harness.files.edit(path) { bytes in
            for index in behind..<behind + 512 { bytes[index] = 7 }
        }
        try harness.mark(isClosing: isClosing)
        harness.files.edit(path) { bytes in
            for index in 512..<3 * 512 { bytes[index] = 0 }
        }
        #expect(try openCore(harness.files).receipt.end == .marked)
    }

    @Test("STORE and MANIFEST are read past the page cache") func readsPastCache() throws {
        let harness = try CoreHarness()
        harness.core.closeFiles()
        harness.files.keepsLog = true
        _ = try openCore(harness.files)
        for name in ["STORE", "MANIFEST"] {
            let dropped = try #require(harness.files.log.firstIndex(of: "dropCache \(name)"))
            let read = try #require(harness.files.log.firstIndex(of: "read \(name)"))
            #expect(dropped < read)
        }
    }

    // MARK: Places

    @Test("damage is named where it is, also when the log went on in the next segment")
    func places() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[1]
        try #require(store.frames.contains { $0.path != path })
        store.files.edit(path) { $0[range.lowerBound + 20] ^= 1 }
        guard case .refused(let corruption) = store.outcome(of: store.files) else {
            Issue.record("an acknowledged group")
            return
        }
        #expect(corruption.file == path)
        #expect(corruption.fileOffset == range.lowerBound)
    }

    @Test("a group of which nothing is left is named where it should be") func missingGroups()
        throws
    {
        let harness = try CoreHarness(blockBytes: 512, seed: 54)
        try harness.core.prepareSegments()
        try harness.append(to: "a", [[1]])
        let start = harness.core.gathering.start
        try harness.append(to: "a", [[2]])
        try harness.mark()
        let path = harness.core.active.path
        harness.files.edit(path) { bytes in
            for index in start..<start + 1024 { bytes[index] = 0 }
        }
        do {
            _ = try openCore(harness.files)
            Issue.record("the slot says that there was a second group")
        } catch {
            guard case .corrupt(let corruption) = error else { throw error }
            #expect(corruption.file == path)
            #expect(corruption.fileOffset == start)
        }
    }

    @Test("an unreadable block that the torn frame does not reach does not keep it from being cut")
    func unreadableElsewhere() throws {
        for (offset, isInFrame) in [(512, false), (120_000 & ~511, false), (512 * 2, true)] {
            let harness = try CoreHarness(blockBytes: 512, seed: 55)
            try harness.append(to: "a", [[1]])
            let start = harness.core.gathering.start
            try harness.append(to: "a", [bytes(1200)])
            let path = harness.core.active.path
            harness.core.closeFiles()
            harness.files.edit(path) { $0[start + 300] ^= 1 }
            let bad = isInFrame ? start + offset : offset
            let files = UnreadableFileSystem(harness.files, path: path, bad: bad..<bad + 512)
            var isRefused = false
            do {
                let core = try LogCore.open(
                    in: files, configuration: Configuration(), entropy: SeededEntropy(seed: 1))
                #expect(core.receipt.cuts.map(\.fileOffset) == [start])
            } catch {
                guard case .corrupt(let corruption) = error else { throw error }
                #expect(corruption.fileOffset == bad)
                isRefused = true
            }
            #expect(isRefused == isInFrame, "\(offset)")
        }
    }

    @Test("a repair that is torn leaves a log that is damaged as before, or repaired")
    func tornRepairs() throws {
        let (harness, starts) = try fourGroups()
        // The only proof that groups are missing lies where the loss record goes.
        try rewrite(harness, from: starts[3], to: starts[1]) { _ in }
        forge(harness) { $0.zero(starts[2]..<starts[3] + 512) }
        #expect(throws: LogError.self) { try openCore(harness.files.clone()) }
        let counted = harness.files.clone()
        counted.resetCounts()
        _ = try LogCore.repair(in: counted)
        let writeCount = try #require(counted.counts[.writeDurably])
        for number in 1...writeCount {
            for bytesKept in [0, 64, 130, 512] {
                let files = harness.files.clone()
                files.fault = .init(
                    kind: .writeDurably, number: number, bytesKept: bytesKept, changesUntilStop: 0)
                #expect(throws: LogError.self) { try LogCore.repair(in: files) }
                let left = files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
                guard let core = try? openCore(left) else { continue }
                #expect(core.receipt.losses.count == 1, "\(number) \(bytesKept)")
                core.closeFiles()
            }
        }
    }
}
