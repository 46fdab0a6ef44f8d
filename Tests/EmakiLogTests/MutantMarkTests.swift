import EmakiPlatform
import Testing

@testable import EmakiLog

/// Every byte of a mark and of a group that a reader of the device relies on, and when a log is
/// marked at all.
@Suite struct MutantMarkTests {
    private static let blockBytes = 512

    private static func harness() throws -> CoreHarness {
        try CoreHarness(blockBytes: blockBytes, seed: 61)
    }

    private static func slot(_ number: Int, of harness: CoreHarness) -> LogEnd? {
        let core = harness.core
        let memory = core.active.image
        return IdleSlot.decode(
            from: memory, at: core.layout.idleSlotOffset(number), of: core.active.identity)
    }

    @Test("a slot names the end before the mark's own frame, and the two take turns")
    func slots() throws {
        let harness = try Self.harness()
        var ends: [LogEnd] = []
        for number in 0..<3 {
            try harness.append(to: "a", [[UInt8(number)]])
            ends.append(harness.core.end)
            try harness.mark()
            #expect(harness.core.end.lastGroup == ends[number].lastGroup + 1)
            #expect(Self.slot(number % 2, of: harness) == ends[number])
            if number > 0 { #expect(Self.slot(1 - number % 2, of: harness) == ends[number - 1]) }
        }
    }

    @Test("what is staged while a mark is out is not written with it")
    func stagedMeanwhile() throws {
        let harness = try Self.harness()
        let core = harness.core
        try harness.append(to: "a", [[1]])
        let (frame, marked) = core.beginMark(isClosing: false, at: 5)
        let write = try #require(frame)
        let behind = core.gathering.start
        try harness.stage([StreamAppend(to: "a", [Event(type: "T", payload: bytes(200))])])
        try write.perform()
        let block = harness.files[core.active.path][behind..<behind + Self.blockBytes]
        #expect(block.allSatisfy { $0 == 0 })
        core.finish(write)
        let slot = core.beginSlot(marked)
        try slot.perform()
        core.finish(slot)
        let reader = try openCore(harness.files.clone(), .readOnly())
        #expect(reader.receipt.end == .marked)
        #expect(reader.durableEnd == 1)
        // What was staged is where it was.
        try harness.commit()
        #expect(try core.content() == harness.model)
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
    }

    @Test("behind a group's events its last block is zero, whatever lay there")
    func padding() throws {
        let harness = try Self.harness()
        try harness.append(to: "a", [[1]])
        let core = harness.core
        let (path, start) = (core.active.path, core.gathering.start)
        // Of an earlier life, and no frame.
        harness.files.edit(path) { bytes in
            for offset in start..<start + 2 * Self.blockBytes { bytes[offset] = 0x5A }
        }
        try harness.reopen()
        #expect(harness.core.gathering.start == start)
        try harness.append(to: "a", [[2]])
        let end = harness.core.gathering.start
        let payloadEnd = start + FrameHeader.byteCount + BatchFormat.headerBytes
        let group = harness.files[path][start..<end]
        #expect(!group[payloadEnd...].contains(0x5A))
        #expect(harness.files[path][end] == 0x5A, "the next block is not touched")
        #expect(group.suffix(64).allSatisfy { $0 == 0 })
    }

    @Test("a log is marked when nothing is staged or out, once, and a close marks once more")
    func wanted() throws {
        let harness = try Self.harness()
        func wants() -> [Bool] {
            [harness.core.wantsMark(isClosing: false), harness.core.wantsMark(isClosing: true)]
        }
        #expect(wants() == [false, false], "there is no group")
        try harness.stage([StreamAppend(to: "a", [Event(type: "T")])])
        #expect(wants() == [false, false], "something is staged")
        let write = harness.core.beginGroup(at: 1)
        #expect(wants() == [false, false], "a write is out")
        try write.perform()
        harness.core.finish(write)
        #expect(wants() == [true, true])
        try harness.mark()
        #expect(wants() == [false, true])
        try harness.mark(isClosing: true)
        #expect(wants() == [false, false])
        try harness.reopen()
        #expect(wants() == [false, false], "it was closed")
        try harness.append(to: "a", [[2]])
        #expect(wants() == [true, true])
        harness.core.poison()
        #expect(wants() == [false, false])
        try harness.reopen(.readOnly())
        #expect(wants() == [false, false])
        try harness.reopen()
        #expect(wants() == [true, true])
    }
}
