import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a repair owes to whoever asked for it: a copy that lasts, and no more damage than there is.
@Suite struct MutantRepairTests {
    private func repair(_ files: any FileSystem) throws(LogError) -> RepairReport {
        var repair = Repair(files: files)
        return try repair.run()
    }

    @Test("the copy that a repair keeps survives a power cut right after it")
    func copiesLast() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[2]
        store.files.edit(path) { $0[range.lowerBound + 60] ^= 1 }
        let before = store.files[path]
        let copies = try repair(store.files).copies
        #expect(copies.count == 1)
        let left = store.files.afterPowerLoss(keepingEntries: false, keepingBytes: false)
        #expect(copies.map { left[$0] } == [before])
        #expect(left[path] != before, "the loss record lasts too")
        _ = try openCore(left)
    }

    @Test("the copy is durable before the first byte of its segment changes")
    func copiesComeFirst() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[2]
        store.files.edit(path) { $0[range.lowerBound + 60] ^= 1 }
        let before = store.files[path]
        let counted = store.files.clone()
        counted.resetCounts()
        let copy = try #require(try repair(counted).copies.first)
        var changed = 0
        for number in 1...counted.changeCount {
            let failing = store.files.clone()
            failing.fault = .init(
                kind: nil, number: number, takesEffect: true, changesUntilStop: 0)
            #expect(throws: LogError.self) { try repair(failing) }
            let left = failing.afterPowerLoss(keepingEntries: false, keepingBytes: false)
            guard left[path] != before else { continue }
            changed += 1
            #expect(left[copy] == before, "call \(number)")
        }
        #expect(changed > 0)
    }

    @Test("what was made of the events goes before some are given up, and stays if none are")
    func derivedFiles() throws {
        let store = try DamagedStore(.closed)
        let name = DerivedFiles.projection
        let file = try store.files.open(name, OpenMode(.createIfMissing))
        try file.sync()
        try store.files.syncFolder("")
        _ = try repair(store.files)
        #expect(try store.files.kind(of: name) == .file)
        let (path, range) = store.frames[2]
        store.files.edit(path) { $0[range.lowerBound + 60] ^= 1 }
        let before = store.files[path]
        let counted = store.files.clone()
        counted.resetCounts()
        _ = try repair(counted)
        #expect(try counted.kind(of: name) == nil)
        for number in 1...counted.changeCount {
            let failing = store.files.clone()
            failing.fault = .init(
                kind: nil, number: number, takesEffect: true, changesUntilStop: 0)
            #expect(throws: LogError.self) { try repair(failing) }
            let left = failing.afterPowerLoss(keepingEntries: false, keepingBytes: false)
            guard left[path] != before else { continue }
            #expect(try left.kind(of: name) == nil, "call \(number)")
        }
    }

    @Test("an interrupted copy is made anew, and a finished one is never replaced")
    func copyNames() throws {
        let store = try DamagedStore(.closed)
        let (path, first) = store.frames[1]
        let second = store.frames[2].range
        try #require(store.frames[2].path == path)
        try store.files.makeFolder("damaged")
        store.files["damaged/segment-1.new"] = [1, 2, 3]
        store.files.edit(path) { $0[second.lowerBound + 60] ^= 1 }
        #expect(try repair(store.files).copies == ["damaged/segment-1"])
        #expect(!store.files.filePaths.contains("damaged/segment-1.new"))
        let kept = store.files["damaged/segment-1"]
        for suffix in [2, 3] {
            store.files.edit(path) { $0[first.lowerBound + 140 + suffix] ^= 1 }
            let copies = try repair(store.files).copies
            #expect(copies == ["damaged/segment-1.\(suffix)"])
            guard suffix == 2 else { break }
            // Made whole again from its copy, so that it can be damaged a third time.
            store.files[path] = kept
            store.files.edit(path) { $0[second.lowerBound + 60] ^= 1 }
        }
        #expect(store.files["damaged/segment-1"] == kept)
    }

    @Test("a region that starts behind the last block of the last segment cannot be repaired")
    func nowhere() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 31)
        let layout = harness.core.layout
        let overhead =
            EventRecord.byteCount(of: Event(type: "T", payload: []))
            + SectionHeader.byteCount(streamIDBytes: 1) + BatchFormat.headerBytes
        let room = layout.segmentBytes - harness.core.gathering.next - overhead
        try harness.append(to: "a", [bytes(room)])
        try #require(harness.core.gathering.start == layout.segmentBytes)
        let segment = harness.core.active
        let slot = layout.idleSlotOffset(0)
        let end = LogEnd(lastGroup: 9, nextPosition: 9, frameChecksum: 9)
        IdleSlot.encode(
            end, of: segment.identity, blockBytes: 512, into: segment.image, at: slot)
        let forged = segment.image.withBytes(in: slot..<slot + 512) { $0.copyToArray() }
        harness.core.closeFiles()
        harness.files.edit(segment.path) { $0.replaceSubrange(slot..<slot + 512, with: forged) }
        let before = harness.files.contents
        #expect(throws: LogError.self) { try openCore(harness.files) }
        #expect(throws: LogError.self) { try repair(harness.files) }
        #expect(harness.files.contents == before)
    }

    @Test("a store of which something else would be refused is not repaired")
    func sealedDamage() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 33)
        try harness.append(to: "a", [[1], [2]])
        guard case .staged = try harness.core.offerRemoval(of: "a", through: 1) else {
            throw HarnessError.repeated
        }
        try harness.core.commit(at: 1)
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(1))
        #expect(try harness.core.seal())
        let start = harness.core.gathering.start
        for payload in 0..<3 { try harness.append(to: "b", [[UInt8(payload)]]) }
        let core = harness.core
        let path = core.active.path
        let sealed = [
            core.sealed.files[0].pages.path, try #require(core.manifest.removalFile).path,
        ]
        core.closeFiles()
        harness.files.edit(path) { $0[start + 60] ^= 1 }
        for other in sealed {
            let files = harness.files.clone()
            files.forget(other)
            let before = files.contents
            #expect(throws: LogError.self, "\(other)") { try repair(files) }
            #expect(files.contents == before)
            #expect(files.openFileCount == 0)
        }
        #expect(try repair(harness.files).damages.count == 1)
    }

    // MARK: An end that cannot be read

    /// A store whose last group, unmarked, lies in a block that cannot be read.
    private func unreadableEnd() throws -> (UnreadableFileSystem, MemoryFileSystem, String, Int) {
        let harness = try CoreHarness(blockBytes: 512, seed: 32)
        try harness.append(to: "a", [[1]])
        let start = harness.core.gathering.start
        try harness.append(to: "a", [[2]])
        let path = harness.core.active.path
        harness.core.closeFiles()
        let files = UnreadableFileSystem(harness.files, path: path, bad: start..<start + 512)
        return (files, harness.files, path, start)
    }

    @Test("a repair clears an end that cannot be read, keeps what could be, and says what it cost")
    func clearsUnreadableEnds() throws {
        let (files, disk, path, start) = try unreadableEnd()
        let before = disk[path]
        let report = try repair(files)
        #expect(report.damages.map(\.fileOffset) == [start])
        #expect(report.damages.map(\.reason) == [.unreadable])
        #expect(report.losses.map(\.fileOffset) == [start])
        #expect(report.copies == ["damaged/segment-1"])
        #expect(files.isHealed, "a cut was written over it")
        // What was read is kept; what could not be read is the start of a frame and zeros.
        let copy = disk["damaged/segment-1"]
        #expect(copy[..<start] == before[..<start])
        #expect(copy[(start + 512)...] == before[(start + 512)...])
        let core = try openCore(disk)
        #expect(try core.content().events.count == 1)
        #expect(core.receipt.cuts.map(\.fileOffset) == [start])
    }

    @Test("an end that cannot be read is refused, and shown as damage by a tolerant open")
    func namesUnreadableEnds() throws {
        let (files, _, path, start) = try unreadableEnd()
        func open(_ configuration: Configuration) throws(LogError) -> LogCore {
            try LogCore.open(
                in: files, configuration: configuration, entropy: SeededEntropy(seed: 1))
        }
        do {
            _ = try open(Configuration())
            Issue.record("it may have held an acknowledged group")
        } catch {
            guard case .corrupt(let corruption) = error else { throw error }
            #expect(corruption.file == path)
            #expect(corruption.fileOffset == start)
            #expect(corruption.reason == .unreadable)
        }
        let core = try open(.readOnly(toleratingDamage: true))
        #expect(core.receipt.end == .damaged)
        #expect(core.receipt.damages.map(\.reason) == [.unreadable])
        #expect(core.receipt.unreadable == ["\(path):\(start)"])
        #expect(core.receipt.cuts.isEmpty)
    }

    @Test("blocks that cannot be read are skipped up to a limit, and the one beyond it is named")
    func manyUnreadableBlocks() throws {
        let disk = MemoryFileSystem()
        let store = try StoreCreation.lay(
            StoreOptions(segmentBytes: 1 << 20), blockBytes: 512, method: .direct, rawLatency: 1,
            in: disk, path: "memory", entropy: SeededEntropy(seed: 1), now: 1
        ).store
        // Behind the block in which the next frame would be: nothing needs these.
        let start = store.layout.framesOffset + 512
        for count in [Limits.unreadableBlocksMax, Limits.unreadableBlocksMax + 1] {
            let files = UnreadableFileSystem(
                disk, path: "wal/00000000", bad: start..<start + 512 * count)
            do {
                let core = try LogCore.open(
                    in: files, configuration: .readOnly(), entropy: SeededEntropy(seed: 1))
                #expect(core.receipt.unreadable.count == Limits.unreadableBlocksMax)
                #expect(count == Limits.unreadableBlocksMax)
            } catch {
                guard case .corrupt(let corruption) = error else { throw error }
                #expect(corruption.fileOffset == start + 512 * Limits.unreadableBlocksMax)
                #expect(count > Limits.unreadableBlocksMax)
            }
        }
    }
}
