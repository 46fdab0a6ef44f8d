import EmakiPlatform
import Testing

@testable import EmakiLog

/// A MANIFEST of an earlier day beside the segments of today.
@Suite struct CoreManifestTests {
    /// A life through several segments, with every MANIFEST that it had.
    private struct Life {
        let harness: CoreHarness
        /// Each MANIFEST, and how many segments were retired when it was written.
        var manifests: [(bytes: [UInt8], retiredUpTo: UInt64)] = []

        init(retires: Bool) throws {
            harness = try CoreHarness(seed: 51)
            note()
            for round in 0..<5 {
                for number in 0..<9 {
                    try harness.append(to: "a", [bytes(4000, seed: number)])
                    try harness.append(to: "b", [[UInt8(round)]])
                }
                try prepare()
                if retires, round == 2 {
                    try harness.retire(upTo: 2)
                    note()
                    try prepare()
                }
            }
            try harness.close()
        }

        private mutating func prepare() throws {
            for file in harness.core.takeFilesToClose() { file.close() }
            while let preparation = harness.core.planSegment() {
                if let before = preparation.manifestBefore {
                    try before.write(in: harness.files)
                    note()
                }
                let segment = try preparation.run(in: harness.files)
                harness.core.finish(preparation, with: segment)
                note()
            }
        }

        private mutating func note() {
            manifests.append((harness.files["MANIFEST"], harness.core.manifest.anchorSegment))
        }
    }

    @Test(
        "whichever older MANIFEST is put back: it is refused, or every event is there",
        arguments: [false, true])
    func olderManifests(retires: Bool) throws {
        let life = try Life(retires: retires)
        let model = life.harness.model
        var outdatedCount = 0
        for (number, old) in life.manifests.dropLast().enumerated() {
            let files = life.harness.files.clone()
            files["MANIFEST"] = old.bytes
            let before = files.contents
            do {
                let content = try openCore(files, .readOnly()).content()
                // What was retired since comes back; nothing is gone.
                #expect(content.events.suffix(model.events.count) == model.events[...])
                if old.retiredUpTo == life.harness.core.manifest.anchorSegment {
                    #expect(content == model)
                }
            } catch let error as LogError {
                guard case .corrupt(let corruption) = error else { throw error }
                if corruption.reason == .outdated {
                    #expect(corruption.file == "MANIFEST")
                    #expect(corruption.evidence.contains("wal/"))
                    outdatedCount += 1
                }
                #expect(throws: LogError.self, "MANIFEST \(number)") { try openCore(files) }
                #expect(files.contents == before, "nothing is mended, cut or marked")
                #expect(throws: LogError.beyondRepair(corruption)) {
                    var repair = Repair(files: files)
                    _ = try repair.run()
                }
                #expect(files.contents == before)
            }
        }
        print(
            "older MANIFESTs, retiring \(retires): \(outdatedCount) of"
                + " \(life.manifests.count - 1) called outdated")
        #expect(outdatedCount >= life.manifests.count / 2)
    }

    @Test("an outdated MANIFEST opens tolerantly with what it lists, and the end is not trusted")
    func tolerant() throws {
        let life = try Life(retires: false)
        let files = life.harness.files.clone()
        files["MANIFEST"] = life.manifests[2].bytes
        let core = try openCore(files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.damages.contains { $0.reason == .outdated })
        #expect(core.receipt.end == .damaged)
        let content = try core.content()
        #expect(!content.events.isEmpty)
        #expect(content.events[...] == life.harness.model.events.prefix(content.events.count))
    }

    @Test("a header of the next number proves nothing until something was written under it")
    func interruptedPreparation() throws {
        let harness = try CoreHarness(seed: 52)
        try harness.core.prepareSegments()
        try harness.append(to: "a", [[1]])
        let layout = harness.core.layout
        let ready = harness.core.segments[2]
        /// As preparations leave it that stopped before MANIFEST was written a second time.
        func manifest(without count: Int) -> Manifest {
            var old = harness.core.manifest
            let paths = Set(harness.core.segments.suffix(count).map(\.path))
            old.segments = old.segments.map {
                paths.contains($0.path)
                    ? .init(number: 0, incarnation: .zero, fileIndex: $0.fileIndex) : $0
            }
            old.nextSegmentNumber -= UInt64(count)
            return old
        }
        // One preparation may have stopped there; two never.
        let twice = harness.files.clone()
        try manifest(without: 2).write(in: twice)
        let refusal = #expect(throws: LogError.self) { try openCore(twice) }
        guard case .corrupt(let corruption) = refusal else { return }
        #expect(corruption.reason == .outdated)
        #expect(corruption.evidence.contains(ready.path))
        try manifest(without: 1).write(in: harness.files)
        #expect(try openCore(harness.files.clone()).content() == harness.model)
        // A slot of that life, or what remains of a frame, can only follow a MANIFEST that is gone.
        let end = LogEnd(lastGroup: 9, nextPosition: 9, frameChecksum: 9)
        let memory = try PageMemory(byteCount: layout.blockBytes)
        IdleSlot.encode(
            end, of: ready.identity, blockBytes: layout.blockBytes, into: memory, at: 0)
        let slot = memory.withBytes(in: 0..<layout.blockBytes) { $0.copyToArray() }
        let header = FrameHeader(
            storeID: ready.identity.storeID, incarnation: ready.identity.incarnation,
            fileOffset: layout.framesOffset, follows: end, commitInstant: 0, payloadBytes: 100,
            eventCount: 1, payloadChecksum: 7, kind: .group)
        memory.zero(0..<layout.blockBytes)
        _ = header.encode(into: memory, at: 0)
        let frame = memory.withBytes(in: 0..<layout.blockBytes) { $0.copyToArray() }
        for (offset, block) in [(layout.idleSlotOffset(1), slot), (layout.framesOffset, frame)] {
            let files = harness.files.clone()
            files.edit(ready.path) {
                $0.replaceSubrange(offset..<offset + layout.blockBytes, with: block)
            }
            let error = #expect(throws: LogError.self) { try openCore(files) }
            guard case .corrupt(let corruption) = error else { continue }
            #expect(corruption.reason == .outdated)
        }
    }
}
