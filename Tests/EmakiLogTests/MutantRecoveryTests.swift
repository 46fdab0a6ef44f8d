import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// What an opening mends, cuts, refuses and leaves alone.
@Suite struct MutantRecoveryTests {
    private func refusal(
        _ files: any FileSystem, _ configuration: Configuration = Configuration()
    ) -> LogError? {
        do {
            _ = try LogCore.open(
                in: files, configuration: configuration, entropy: SeededEntropy(seed: 3))
            return nil
        } catch {
            return error
        }
    }

    // MARK: Segments

    @Test("a MANIFEST without a usable segment is refused") func noSegment() throws {
        let files = try DamagedStore(.closed).files
        let store = try StoreFile.read(in: files).0
        try Manifest(storeID: store.storeID).write(in: files)
        guard case .corrupt(let corruption) = refusal(files) else {
            Issue.record("no segment")
            return
        }
        #expect(corruption.evidence == "it lists no usable segment")
    }

    @Test("a segment that cannot be opened is not called missing") func unopened() throws {
        let files = try DamagedStore(.closed).files
        let counted = files.clone()
        counted.keepsLog = true
        _ = try openCore(counted)
        let opens = counted.log.filter { $0.hasPrefix("open ") }
        let number = try #require(opens.firstIndex { $0.hasPrefix("open wal/") })
        files.fault = .init(kind: .open, number: number + 1, code: EIO)
        guard case .disk(let file, _, EIO) = refusal(files) else {
            Issue.record("\(opens)")
            return
        }
        #expect(file.hasPrefix("wal/"))
    }

    @Test("a segment that ends while it is read is refused where it ends") func shortReads() throws
    {
        let files = try DamagedStore(.closed).files
        files.readEnd = ("wal/00000000", 100_000)
        guard case .corrupt(let corruption) = refusal(files) else {
            Issue.record("the rest was not read")
            return
        }
        #expect(corruption.reason == .wrongSize)
        #expect(corruption.fileOffset == 100_000)
    }

    @Test("a bad copy of a segment's header is written again, durably, unless the log is only read")
    func mendedHeaders() throws {
        let store = try DamagedStore(.closed)
        let path = "wal/00000000"
        let good = store.files[path]
        for offset in [0, store.layout.headerTwinOffset] {
            let files = store.files.clone()
            files.edit(path) { $0[offset + 20] ^= 1 }
            let damaged = files[path]
            files.resetCounts()
            let reader = try openCore(files, .readOnly())
            #expect(reader.receipt.mended == ["\(path):\(offset)"])
            #expect(files.changeCount == 0)
            #expect(files[path] == damaged)
            let core = try openCore(files)
            #expect(core.receipt.mended == ["\(path):\(offset)"])
            let left = files.afterPowerLoss(keepingEntries: false, keepingBytes: false)
            #expect(left[path] == good)
            #expect(try openCore(left).receipt.mended.isEmpty)
        }
    }

    // MARK: The end

    /// A store whose last group is torn, and where.
    private func torn() throws -> (files: MemoryFileSystem, path: String, start: Int) {
        let harness = try CoreHarness(blockBytes: 512, seed: 41)
        try harness.append(to: "a", [[1]])
        let start = harness.core.gathering.start
        try harness.append(to: "a", [bytes(700, seed: 3)])
        let path = harness.core.active.path
        harness.core.closeFiles()
        harness.files.edit(path) { $0[start + 800] ^= 1 }
        return (harness.files, path, start)
    }

    @Test("a torn frame is cut on disk, durably, and nothing of it is left in the cut's block")
    func cuts() throws {
        let (files, path, start) = try torn()
        let core = try openCore(files)
        #expect(core.receipt.cuts.map(\.fileOffset) == [start])
        #expect(core.receipt.cuts.map(\.isRemembered) == [false])
        #expect(try core.content().events.count == 1)
        let left = files.afterPowerLoss(keepingEntries: false, keepingBytes: false)
        let rest = left[path][(start + FrameHeader.byteCount)..<(start + 512)]
        #expect(rest.allSatisfy { $0 == 0 })
        let again = try openCore(left)
        #expect(again.receipt.cuts.map(\.fileOffset) == [start])
        #expect(again.receipt.cuts.map(\.isRemembered) == [true])
        #expect(again.end == core.end)
    }

    @Test("a log that is only read reports a torn frame and writes nothing") func readOnlyCuts()
        throws
    {
        let (files, _, start) = try torn()
        let before = files.contents
        files.resetCounts()
        let core = try openCore(files, .readOnly())
        #expect(core.receipt.cuts.map(\.fileOffset) == [start])
        #expect(files.changeCount == 0)
        #expect(files.contents == before)
    }

    @Test("damage in the middle does not make the end of a tolerant open a damaged one")
    func markedEnds() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[1]
        store.files.edit(path) { $0[range.lowerBound + 2] ^= 1 }
        let core = try openCore(store.files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.damages.count == 1)
        #expect(core.receipt.end == .marked)
        #expect(core.receipt.wasClosed)
    }

    // MARK: Losses

    @Test("a loss record leads on to a later place, group and position, or is refused")
    func losses() throws {
        let victim = try CoreForgeryTests.Victim()
        let group = victim.end.lastGroup
        let position = victim.endBefore.nextPosition
        func isAccepted(
            group: UInt64, position: Position, segment: UInt64 = 1, offset: Int
        ) throws -> Bool {
            let files = try victim.forged { memory in
                let loss = LossRecord(
                    end: LogEnd(lastGroup: group, nextPosition: position, frameChecksum: 9),
                    segment: segment, fileOffset: offset)
                var header = try victim.header(in: memory)
                loss.encode(into: memory, at: victim.lastFrame + FrameHeader.byteCount)
                header.payloadBytes = LossRecord.byteCount
                header.eventCount = 0
                header.kind = .loss
                victim.rehash(header, in: memory)
            }
            switch refusal(files) {
            case nil: return true
            case .corrupt(let corruption):
                #expect(corruption.evidence == "a loss record that leads nowhere")
                return false
            case let other: throw HarnessError.inconsistent("\(String(describing: other))")
            }
        }
        let next = victim.lastFrame + 512
        #expect(try isAccepted(group: group, position: position, offset: next))
        #expect(try !isAccepted(group: group - 1, position: position, offset: next))
        let before = Position(position.rawValue - 1)
        #expect(try !isAccepted(group: group, position: before, offset: next))
        #expect(try !isAccepted(group: group, position: position, offset: victim.lastFrame))
        #expect(try !isAccepted(group: group, position: position, segment: 9, offset: next))
    }
}
