import EmakiPlatform
import Testing

@testable import EmakiLog

/// Frames that are whole, in place and linked, and whose batches make no sense.
@Suite struct CoreSenselessTests {
    enum Sense: String, CaseIterable, Sendable {
        /// The version of the frame's second stream, after its first was found good.
        case version
        /// A version far beyond what can have been lost.
        case versionHuge
        case batchLength, batchKind, sectionOffset, recordLength, typeText
    }

    private static let frameCount = 4
    private static let blockBytes = 512

    /// Four groups of one frame each, every one with events of streams "a" and "b".
    private static func harness(marked: Bool) throws -> CoreHarness {
        let harness = try CoreHarness(blockBytes: blockBytes, seed: 41)
        for number in 0..<frameCount {
            try harness.append([
                StreamAppend(to: "a", [Event(type: "T", payload: bytes(9, seed: number))]),
                StreamAppend(to: "b", [Event(type: "U", payload: bytes(5, seed: number))]),
            ])
        }
        if marked { try harness.mark() }
        harness.core.closeFiles()
        return harness
    }

    /// Changes a frame's payload, and every header behind it as the engine would have written it.
    private static func forge(
        _ harness: CoreHarness, frame: Int, _ body: (PageMemory, Int) -> Void
    ) throws -> MemoryFileSystem {
        let layout = harness.core.layout
        let segment = harness.core.active
        let files = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
        let memory = try PageMemory(byteCount: layout.segmentBytes)
        files[segment.path].withRawSpan { memory.copy($0, at: 0) }
        let start = layout.framesOffset + frame * layout.blockBytes
        body(memory, start + FrameHeader.byteCount)
        var previous: UInt32?
        for offset in stride(from: start, to: layout.segmentBytes, by: layout.blockBytes) {
            var header: FrameHeader
            switch FrameHeader.find(
                in: memory, at: offset, of: segment.identity, layout: layout)
            {
            case .whole(let found, _), .tornPayload(let found): header = found
            default: continue
            }
            let payload = offset + FrameHeader.byteCount
            header.payloadChecksum = memory.checksum(payload..<payload + header.payloadBytes)
            if let previous { header.previousChecksum = previous }
            previous = header.encode(into: memory, at: offset)
        }
        // The slot repeats the last group's checksum; without it the mark's frame says the same.
        for slot in 0..<2 {
            memory.zero(
                layout.idleSlotOffset(slot)..<layout.idleSlotOffset(slot) + layout.blockBytes)
        }
        files[segment.path] = memory.withBytes(in: 0..<layout.segmentBytes) { $0.copyToArray() }
        return files
    }

    /// Offsets within a payload: a batch of a section for "a" with one event, and one for "b".
    private static func spoil(_ sense: Sense, _ memory: PageMemory, _ payload: Int) {
        let secondRecord = records(memory, payload)[1]
        let second = secondRecord - SectionHeader.byteCount(streamIDBytes: 1)
        switch sense {
        case .version:
            memory.store(memory.loadUInt64(at: secondRecord + 8) - 1, at: secondRecord + 8)
        case .versionHuge: memory.store(UInt64.max, at: secondRecord + 8)
        case .batchLength: memory.store(UInt32(0xFFFF_FFF8), at: payload)
        case .batchKind: memory.store(UInt8(7), at: payload + 6)
        case .sectionOffset: memory.store(UInt32(3), at: second + 4)
        case .recordLength: memory.store(UInt32(0x7FFF_FFF8), at: secondRecord)
        case .typeText: memory.store(UInt8(0xFF), at: secondRecord + 24)
        }
    }

    /// The model without what was in a frame.
    private static func expected(_ model: LogContent, without frame: Int) -> LogContent {
        var content = model
        for position in [2 * frame, 2 * frame + 1] { content.events[position] = nil }
        if frame == frameCount - 1 {
            content.heads = ["a": UInt64(frame), "b": UInt64(frame)].filter { $0.value > 0 }
        }
        return content
    }

    @Test(
        "a senseless frame loses its own events, wholly, and no others; a repair records that",
        arguments: Sense.allCases, 0..<4)
    func losesItsOwn(sense: Sense, frame: Int) throws {
        for marked in [false, true] {
            let harness = try Self.harness(marked: marked)
            let files = try Self.forge(harness, frame: frame) { Self.spoil(sense, $0, $1) }
            let path = harness.core.active.path
            let place = harness.core.layout.framesOffset + frame * Self.blockBytes
            let before = files.contents
            let error = #expect(throws: LogError.self) { try openCore(files) }
            guard case .corrupt(let corruption) = error else {
                Issue.record("\(sense), \(frame): \(String(describing: error))")
                return
            }
            #expect(corruption.reason == .badBatch)
            let core = try openCore(files, .readOnly(toleratingDamage: true))
            #expect(files.contents == before)
            #expect(core.receipt.damages.map(\.file) == [path])
            #expect(core.receipt.damages.map(\.fileOffset) == [place])
            #expect(core.receipt.damages.map(\.reason) == [.badBatch])
            #expect(core.receipt.losses.count == 1)
            #expect(core.receipt.end == (marked ? .marked : .unmarked))
            let expected = Self.expected(harness.model, without: frame)
            #expect(try core.content() == expected, "\(sense), \(frame)")

            var repair = Repair(files: files)
            let report = try repair.run()
            #expect(report.damages.map(\.reason) == [.badBatch])
            #expect(report.losses.map(\.firstPosition) == [Position(UInt64(2 * frame))])
            #expect(report.losses.map(\.endPosition) == [Position(UInt64(2 * frame + 2))])
            #expect(report.copies.map { files[$0] } == [before[path]])
            let repaired = try openCore(files)
            #expect(try repaired.content() == expected)
            #expect(repaired.receipt.losses.map(\.isRecorded) == [true])
            #expect("\(repaired.receipt)".contains("lost, by an earlier repair: positions "))
            let after = files.contents
            var again = Repair(files: files)
            #expect(try again.run() == RepairReport())
            #expect(files.contents == after)
        }
    }

    @Test(
        "a crash at any call of such a repair loses no position: damaged or repaired",
        arguments: 0..<4)
    func crashes(frame: Int) throws {
        let harness = try Self.harness(marked: false)
        let damaged = try Self.forge(harness, frame: frame) { Self.spoil(.version, $0, $1) }
        let expected = Self.expected(harness.model, without: frame)
        let counted = damaged.clone()
        counted.resetCounts()
        var whole = Repair(files: counted)
        _ = try whole.run()
        for number in 1...counted.changeCount {
            for (takesEffect, kept) in [(false, 0), (true, 0), (false, 60), (false, 150)] {
                let failing = damaged.clone()
                failing.fault = .init(
                    kind: nil, number: number, takesEffect: takesEffect, bytesKept: kept,
                    changesUntilStop: 0)
                var repair = Repair(files: failing)
                #expect(throws: LogError.self) { try repair.run() }
                let left = failing.afterPowerLoss(keepingEntries: true, keepingBytes: true)
                // Opened for writing in between, as somebody would who knows nothing of it.
                do {
                    #expect(try openCore(left).content() == expected, "\(number), \(kept)")
                } catch let error as LogError {
                    guard case .corrupt = error else { throw error }
                }
                var second = Repair(files: left)
                _ = try second.run()
                let core = try openCore(left)
                #expect(try core.content() == expected, "\(number), \(kept)")
            }
        }
    }

    /// The records of a frame: one of stream "a" and one of "b".
    private static func records(_ memory: PageMemory, _ payload: Int) -> [Int] {
        let sectionBytes = SectionHeader.byteCount(streamIDBytes: 1)
        let first = payload + BatchFormat.headerBytes + sectionBytes
        return [first, first + Int(memory.loadUInt32(at: first)) + sectionBytes]
    }

    @Test(
        "what was lost is missing in one stream, not in each that claims it",
        arguments: [([2, 3], [0, 1], [1, 2, 3]), ([3], [0], [1, 3])])
    func lossesAreSharedOut(leaping: [Int], streams: [Int], senseless: [Int]) throws {
        let harness = try Self.harness(marked: false)
        // Frame 1 is lost with one event of each stream; then some claim that one more is.
        let files = try Self.forge(harness, frame: 1) { memory, payload in
            Self.spoil(.batchKind, memory, payload)
            for frame in leaping {
                let records = Self.records(memory, payload + (frame - 1) * Self.blockBytes)
                for record in streams.map({ records[$0] }) {
                    memory.store(memory.loadUInt64(at: record + 8) + 1, at: record + 8)
                }
            }
        }
        let core = try openCore(files, .readOnly(toleratingDamage: true))
        let start = harness.core.layout.framesOffset
        #expect(
            core.receipt.damages.map(\.fileOffset)
                == senseless.map { start + $0 * Self.blockBytes })
        #expect(core.receipt.damages.allSatisfy { $0.reason == .badBatch })
        #expect(
            try core.content().events.count { $0 != nil }
                == 2 * (Self.frameCount - senseless.count))
    }

    @Test("a mark before a senseless group at the end does not mark the end")
    func markBefore() throws {
        let harness = try CoreHarness(blockBytes: Self.blockBytes, seed: 42)
        let parts = [
            StreamAppend(to: "a", [Event(type: "T")]), StreamAppend(to: "b", [Event(type: "T")]),
        ]
        try harness.append(parts)
        try harness.mark(isClosing: true)
        try harness.append(parts)
        let files = try Self.forge(harness, frame: 2) { Self.spoil(.version, $0, $1) }
        let core = try openCore(files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.damages.map(\.reason) == [.badBatch])
        #expect(core.receipt.end == .unmarked)
        #expect(!core.receipt.wasClosed)
    }

    @Test("a senseless loss record is stepped over to the next frame that is whole, and repaired")
    func senselessLossRecord() throws {
        let harness = try Self.harness(marked: false)
        let damaged = harness.files.clone()
        let place = harness.core.layout.framesOffset + Self.blockBytes
        damaged.edit(harness.core.active.path) { $0[place + 140] ^= 1 }
        var repair = Repair(files: damaged)
        _ = try repair.run()
        let expected = try openCore(damaged.clone()).content()
        // The record now names a segment that is not there.
        let memory = try PageMemory(byteCount: harness.core.layout.segmentBytes)
        damaged[harness.core.active.path].withRawSpan { memory.copy($0, at: 0) }
        let payload = place + FrameHeader.byteCount
        memory.store(UInt64(99), at: payload + 24)
        guard
            case .tornPayload(var header) = FrameHeader.find(
                in: memory, at: place, of: harness.core.active.identity,
                layout: harness.core.layout)
        else {
            Issue.record("there is a loss record")
            return
        }
        header.payloadChecksum = memory.checksum(payload..<payload + header.payloadBytes)
        _ = header.encode(into: memory, at: place)
        damaged[harness.core.active.path] = memory.withBytes(in: 0..<memory.byteCount) {
            $0.copyToArray()
        }
        #expect(throws: LogError.self) { try openCore(damaged) }
        let core = try openCore(damaged, .readOnly(toleratingDamage: true))
        #expect(core.receipt.damages.map(\.fileOffset) == [place])
        #expect(core.receipt.damages.map(\.reason) == [.badBatch])
        #expect(try core.content() == expected)
        var second = Repair(files: damaged)
        #expect(try second.run().damages.map(\.reason) == [.badBatch])
        #expect(try openCore(damaged).content() == expected)
    }
}
