import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Each check of a merge, and of a sealed file that is opened and read, alone.
@Suite struct MutantMergeTests {
    // MARK: Merging

    @Test("a merge that was told once to stop asks no more, and stops")
    func stopsAtOnce() throws {
        let sample = try MergeSample(
            seed: 41, .init(eventCount: 80, payloadBytesMax: 5_000, isCompressible: false))
        for isDropping in [false, true] {
            let drops = SealedDrops(extent: { _, _ in .nothing }, contains: { _ in isDropping })
            var stops = 0
            let outcome = try sample.merge().run(dropping: drops, in: sample.files) {
                stops += 1
                return stops > 1
            }
            // Too few are dropped for a question.
            if isDropping {
                guard case .nothingLeft = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect(stops == 0)
            } else {
                guard case .stopped = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect(stops == 1)
            }
            let isUntouched = sample.files.contents == sample.contents
            #expect(isUntouched)
        }
        // It asks after each chunk that it wrote, and not only when it reads them back.
        var questions = 0
        let outcome = try sample.merge().run(in: sample.files) {
            questions += 1
            return true
        }
        guard case .merged(let file, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(file.footer.chunkCount > 40)
        // An event may end two chunks at once.
        #expect(questions > file.footer.chunkCount / 2)
    }

    @Test("another sound file with as many events in the place of the new one gets no name")
    func swapped() throws {
        let sample = try MergeSample(seed: 42)
        let other = try MergeSample(seed: 43)
        guard case .merged(let file, _) = try other.merge().run(in: other.files) else {
            Issue.record("not merged")
            return
        }
        #expect(file.footer.eventCount == sample.events.count)
        let temporary = MergeSample.mergedPath + ".new"
        let files = SwappingFileSystem(sample.files) { path, mode in
            guard path == temporary, mode.existence == .mustExist else { return }
            sample.files[temporary] = other.files[MergeSample.mergedPath]
        }
        let merge = try sample.merge()
        let error = #expect(throws: LogError.self) { try merge.run(in: files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == MergeSample.mergedPath)
        let isUntouched = sample.files.contents == sample.contents
        #expect(isUntouched)
    }

    @Test("an event whose metadata look like a snapshot's of a deleted stream survives a merge")
    func looksLikeSnapshot() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2], [3]])
        let metadata = SnapshotStream.event(of: "a", at: 2, []).metadata
        let event = Event(type: SnapshotStream.eventType, payload: [7], metadata: metadata)
        try harness.append([StreamAppend(to: "b", [event, event])])
        guard case .staged = try core.offerSnapshot(of: "a", at: 2, [8]) else {
            throw HarnessError.repeated
        }
        try core.commit(at: 1)
        guard case .staged = try core.offerRemoval(of: "a", through: nil) else {
            throw HarnessError.repeated
        }
        try core.commit(at: 2)
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        #expect(try core.seal())
        #expect(try core.merge(rewriting: #require(core.sealed.files.first).footer.number))
        // The events of the deleted stream are gone, and its snapshot; nothing else is.
        #expect(core.counters.droppedEvents == 4)
        #expect(try core.versions(of: "b") == [1, 2])
        try harness.reopen()
        #expect(try harness.core.versions(of: "b") == [1, 2])
        #expect(try harness.core.sealed.files.first?.find("a") == nil)
    }

    // MARK: Footers

    @Test("a footer has its magic, and a checksum that holds for each byte behind it")
    func footers() throws {
        let sample = try SealedSample(seed: 44)
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        sample.footer.encode(into: memory, at: 0)
        #expect(SealedFooter(from: memory, at: 0) == sample.footer)
        // Magic, checksum, store, number, digest, last group, dictionary.
        for offset in [0, 7, 8, 11, 16, 32, 64, 80, 256, SealedFooter.byteCount - 1] {
            let byte = memory.loadUInt8(at: offset)
            memory.store(byte ^ 1, at: offset)
            #expect(SealedFooter(from: memory, at: 0) == nil, "\(offset)")
            memory.store(byte, at: offset)
        }
        #expect(SealedFooter(from: memory, at: 0) == sample.footer)
    }

    @Test("a copy of the footer that cannot be read is made good by the other; a failing disk not")
    func unreadableFooters() throws {
        let sample = try SealedSample(seed: 45)
        for number in 1...2 {
            for (code, isDisk) in [(EIO, false), (ENXIO, true)] {
                sample.files.resetCounts()
                sample.files.fault = .init(kind: .read, number: number, code: code)
                do {
                    let file = try sample.open()
                    #expect(!isDisk)
                    #expect(file.footer == sample.footer && !file.hasBothFooters)
                } catch {
                    guard case .disk(_, _, code)? = error as? LogError else { throw error }
                    #expect(isDisk)
                }
                #expect(sample.files.didFail)
            }
        }
    }

    // MARK: Opening

    @Test("a file is opened past the page cache, and closed if it is not what it should be")
    func opening() throws {
        let sample = try SealedSample(seed: 46)
        let path = SealedSample.path
        func open(_ storeID: Bits128) throws -> SealedFile {
            try SealedFile.open(path, storeID: storeID, isWritable: false, in: sample.files)
        }
        sample.files.keepsLog = true
        do {
            let file = try open(SealedSample.storeID)
            #expect(sample.files.log.prefix(2) == ["open \(path)", "dropCache \(path)"])
            file.pages.close()
        }
        #expect(sample.files.openFileCount == 0)
        #expect(throws: LogError.self) { try open(Bits128(low: 1, high: 1)) }
        #expect(sample.files.openFileCount == 0)
        sample.files.resetCounts()
        sample.files.fault = .init(kind: .dropCache, number: 1)
        #expect(throws: LogError.self) { try open(SealedSample.storeID) }
        #expect(sample.files.openFileCount == 0)
    }
}
