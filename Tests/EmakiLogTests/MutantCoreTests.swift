import EmakiPlatform
import Testing

@testable import EmakiLog

/// When a core makes a segment ready, when it gives one back, and when it leaves both alone.
@Suite struct MutantCoreTests {
    @Test("no segment is planned after a failed write, nor in a log that is only read")
    func noPlans() throws {
        let harness = try CoreHarness()
        harness.core.poison()
        #expect(harness.core.planSegment() == nil)
        #expect(try openCore(harness.files, .readOnly()).planSegment() == nil)
        let writable = try openCore(harness.files)
        #expect(writable.planSegment() != nil)
        #expect(writable.planSegment() == nil, "one at a time")
    }

    @Test("a MANIFEST that is full takes no new file, and a file that it lists is still made ready")
    func fullManifest() throws {
        let core = try CoreHarness().core
        let listed = UInt32(core.manifest.segments.count)
        for index in listed..<UInt32(Limits.segmentCountMax) {
            core.manifest.segments.append(.init(number: 0, incarnation: .zero, fileIndex: index))
        }
        core.manifest.nextFileIndex = UInt32(Limits.segmentCountMax)
        #expect(core.planSegment() == nil)
        core.filesInPreparation = [SpareFile(fileIndex: listed)]
        #expect(core.planSegment()?.fileIndex == listed)
    }

    @Test("after a failed preparation MANIFEST takes the segment back before it is filled again")
    func uncertainPreparation() throws {
        let harness = try CoreHarness()
        let core = harness.core
        // The second replacement, which lists the segment as ready, fails after it took place.
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .rename, number: 2, takesEffect: true)
        #expect(throws: DiskError.self) { try core.prepareSegments() }
        let written = try Manifest.read(in: harness.files, storeID: core.store.storeID).0
        #expect(written.segments.allSatisfy { !$0.isInPreparation })
        let plan = try #require(core.planSegment())
        let before = try #require(plan.manifestBefore)
        #expect(before.generation > written.generation)
        #expect(before.segments.contains { $0.isInPreparation })
        #expect(plan.manifestAfter.generation > before.generation)
        #expect(plan.fileIndex == before.segments.last?.fileIndex)
        core.finish(plan, with: try plan.run(in: harness.files))
        #expect(core.segmentFailure == nil)
        let next = try #require(core.planSegment())
        #expect(next.fileIndex != plan.fileIndex)
    }

    @Test("a new preparation lists its file first; an interrupted one is listed already")
    func interruptedPreparation() throws {
        let harness = try CoreHarness()
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .resize, number: 1)
        #expect(throws: DiskError.self) { try harness.core.prepareSegments() }
        try harness.reopen()
        let plan = try #require(harness.core.planSegment())
        #expect(plan.manifestBefore == nil)
        #expect(plan.fileIndex == 1)
        #expect(!plan.isRecycled)
    }

    @Test("the same for a file that MANIFEST had listed as in preparation before")
    func uncertainRepetition() throws {
        let harness = try CoreHarness()
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .resize, number: 1)
        #expect(throws: DiskError.self) { try harness.core.prepareSegments() }
        try harness.reopen()
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .rename, number: 1, takesEffect: true)
        #expect(throws: DiskError.self) { try harness.core.prepareSegments() }
        let written = try Manifest.read(in: harness.files, storeID: harness.core.store.storeID).0
        #expect(written.segments.allSatisfy { !$0.isInPreparation })
        let plan = try #require(harness.core.planSegment())
        let before = try #require(plan.manifestBefore)
        #expect(before.generation > written.generation)
        #expect(before.segments.map(\.isInPreparation) == [false, true])
    }

    @Test("a log that was poisoned retires nothing, and one without a full segment writes nothing")
    func retiring() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        harness.files.resetCounts()
        try harness.core.retire(upTo: .max)
        #expect(harness.files.changeCount == 0)
        harness.core.poison()
        #expect(throws: LogError.self) { try harness.core.retire(upTo: .max) }
        #expect(harness.files.changeCount == 0)
    }

    @Test("a failed write poisons, of a group as of a mark") func poison() throws {
        for isMark in [false, true] {
            let harness = try CoreHarness()
            try harness.append(to: "a", [[1]])
            if !isMark { try harness.stage([StreamAppend(to: "a", [Event(type: "T")])]) }
            harness.files.resetCounts()
            harness.files.fault = .init(kind: .writeDurably, number: 1)
            #expect(throws: DiskError.self) {
                try isMark ? harness.mark() : harness.commit()
            }
            #expect(harness.core.isPoisoned)
            #expect(harness.core.durableEnd == 1)
        }
    }

    @Test("each life of a recycled file has an incarnation of its own") func incarnations() throws {
        let harness = try CoreHarness()
        try harness.core.prepareSegments()
        for _ in 0..<3 { try harness.append(to: "a", [bytes(40_000)]) }
        try harness.retire(upTo: 2)
        try harness.core.prepareSegments()
        let lives = harness.core.segments.map(\.identity.incarnation)
        #expect(Set(lives).count == lives.count)
        #expect(!lives.contains(harness.core.store.storeID))
    }

    @Test("a segment is written from end to end and synced before MANIFEST lists it as ready")
    func preparationOrder() throws {
        var configuration = Configuration()
        configuration.readySegmentCount = 1
        let harness = try CoreHarness(configuration: configuration)
        harness.files.keepsLog = true
        try harness.core.prepareSegments()
        let log = harness.files.log
        let pieces = harness.core.layout.segmentBytes / SegmentPreparation.pieceBytes
        #expect(log.count { $0 == "write wal/00000001" } == pieces + 2, "zeros and two headers")
        let listings = log.indices.filter { log[$0].hasPrefix("rename MANIFEST.new") }
        #expect(listings.count == 2)
        let listed = try #require(listings.last)
        let sync = try #require(log.lastIndex(of: "sync wal/00000001"))
        let folder = try #require(log.lastIndex(of: "syncFolder wal"))
        let write = try #require(log.lastIndex(of: "write wal/00000001"))
        #expect(write < sync && sync < folder && folder < listed)
    }

    @Test("a preparation that fails gives the file's space back") func spaceGivenBack() throws {
        var configuration = Configuration()
        configuration.reserveBytes = 0
        let harness = try CoreHarness(configuration: configuration)
        harness.files.resetCounts()
        // Of MANIFEST first, then of the segment.
        harness.files.fault = .init(kind: .sync, number: 2)
        #expect(throws: DiskError.self) { try harness.core.prepareSegments() }
        #expect(harness.files.filePaths.contains("wal/00000001"))
        #expect(harness.files["wal/00000001"].isEmpty)
    }

    @Test("opening a sound store replaces no file, and impossible options open none")
    func openings() throws {
        let harness = try CoreHarness()
        harness.files.resetCounts()
        _ = try openCore(harness.files)
        #expect(harness.files.counts[.rename] == nil)
        #expect(harness.files.counts[.write] == nil)
        var configuration = Configuration()
        configuration.readySegmentCount = 0
        #expect(throws: LogError.self) { try openCore(harness.files, configuration) }
    }

    @Test("a batch is offered with all its streams and events, however many") func offers() throws {
        let core = try CoreHarness().core
        let event = Event(type: "T")
        for parts in [
            [StreamAppend(to: "a", [event])], [StreamAppend(to: "a", [event, event])],
            [StreamAppend(to: "a", [event]), StreamAppend(to: "b", [event, event])],
        ] {
            let start = core.stagedEnd
            guard case .staged(let positions, let versions) = try core.offer(parts) else {
                Issue.record("there is room")
                continue
            }
            let count = parts.reduce(0) { $0 + $1.events.count }
            #expect(positions == start..<start.advanced(by: count))
            #expect(versions.count == parts.count)
        }
    }

    @Test("no byte of a segment is written where there is no room for all of it")
    func roomForSegments() throws {
        var configuration = Configuration()
        configuration.reserveBytes = 0
        configuration.readySegmentCount = 1
        let harness = try CoreHarness(configuration: configuration)
        let byteCount = harness.core.layout.segmentBytes
        harness.files.keepsLog = true
        harness.files.device.freeBytes = byteCount - 1
        let error = #expect(throws: DiskError.self) { try harness.core.prepareSegments() }
        #expect(error?.isNoSpace == true)
        #expect(!harness.files.log.contains("write wal/00000001"))
        harness.files.device.freeBytes = byteCount
        try harness.core.prepareSegments()
        #expect(harness.core.readyCount == 1)
    }

    @Test("no more events can be lost than there was room for, and none before the end")
    func lostCounts() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2]])
        let core = harness.core
        var scan = LogScan(
            manifest: core.manifest, segments: core.segments, layout: core.layout,
            stepsOverDamage: true)
        try scan.readLinkedFrames()
        let room = UInt64(core.layout.segmentBytes / EventRecord.byteCountMin)
        for (position, lost) in [
            (1, nil), (2, 0), (5, 3), (room, room - 2), (room + 1, nil), (room + 2, nil),
            (room + 3, nil),
        ] as [(UInt64, UInt64?)] {
            let count = scan.lostCount(
                upTo: LogEnd(lastGroup: 9, nextPosition: Position(position), frameChecksum: 1))
            #expect(count == lost, "\(position)")
        }
    }

    @Test("a removal of versions that a stream never had is damage, wherever it is read")
    func senselessRemoval() throws {
        for through in [1, 2] as [UInt64] {
            let harness = try CoreHarness()
            try harness.append(to: "a", [[1]])
            let core = harness.core
            let record = RemovalRecord(.truncate, of: "a", through: StreamVersion(through))
            core.staging.add(
                record, byteCount: RemovalRecord.byteCount(streamIDBytes: 1, .truncate))
            try core.commit(at: 1)
            let isSound = through == 1
            for stepsOver in [false, true] {
                var scan = LogScan(
                    manifest: core.manifest, segments: core.segments, layout: core.layout,
                    stepsOverDamage: stepsOver)
                var error: LogError?
                do throws(LogError) { try scan.readLinkedFrames() } catch let thrown {
                    error = thrown
                }
                let isSenseless = scan.senseless != nil
                #expect((error == nil) == (isSound || stepsOver))
                #expect(isSenseless == (!isSound && stepsOver))
            }
            let answer = Result { () throws(LogError) in try openCore(harness.files) }
            #expect((answer.error == nil) == isSound)
        }
    }
}
