import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a purge at once does to spare files and to files that nobody lists, and what a removal does
/// where there is no room for it or nothing to remove.
@Suite struct MutantPurgeTests {
    private static let secret = Array("Zq7#vK2!pX9$wL4%".utf8)
    /// Of a number that no file will have again.
    private static let leftover = SealedEntry.path(ofNumber: 0)
    private static let renewal = "rename \(Manifest.twin.temporaryName) \(Manifest.twin.name)"

    /// A core whose first segment file is spare, with what was in it, and a file that nobody lists.
    private static func used() throws -> CoreHarness {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [secret])
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        #expect(try core.seal())
        harness.files[leftover] = [1]
        harness.files.keepsLog = true
        return harness
    }

    private static func segmentsWithSecret(_ files: MemoryFileSystem) -> [String] {
        files.contents.filter { $0.key.hasPrefix("wal/") && $0.value.contains(run: secret) }
            .keys.sorted()
    }

    // MARK: Cleaning

    @Test("spare files are emptied, durably, and files that nobody lists removed")
    func cleaned() throws {
        let harness = try Self.used()
        let core = harness.core
        #expect(!Self.segmentsWithSecret(harness.files).isEmpty)
        core.endReuse()
        try core.cleanSpareFiles()
        core.resumeReuse()
        #expect(core.filesInPreparation.allSatisfy { $0.isEmpty })
        let left = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: false)
        #expect(Self.segmentsWithSecret(left) == [])
        #expect(try harness.files.kind(of: Self.leftover) == nil)
        // Nobody was in doubt, so MANIFEST stays as it is.
        #expect(!harness.files.log.contains(Self.renewal))
        #expect(try core.versions(of: "a") == [1])
    }

    @Test("a file that MANIFEST may list is removed at once only when it certainly is not")
    func doubt() throws {
        let harness = try Self.used()
        let core = harness.core
        core.orphans.append(Self.leftover)
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .rename, number: 1, code: 5)
        #expect(throws: DiskError.self) { try core.cleanSpareFiles() }
        #expect(try harness.files.kind(of: Self.leftover) == .file)
        #expect(core.isManifestInDoubt)
        harness.files.fault = nil
        try core.cleanSpareFiles()
        let log = harness.files.log
        let renewed = try #require(log.lastIndex(of: Self.renewal))
        let removed = try #require(log.firstIndex(of: "remove \(Self.leftover)"))
        #expect(renewed < removed)
        #expect(!core.isManifestInDoubt)
        try harness.reopen()
        #expect(try harness.core.versions(of: "a") == [1])
    }

    // MARK: Room

    @Test("only so many streams can have lost something; those that did can lose more")
    func streams() throws {
        let harness = try CoreHarness()
        let core = harness.core
        for stream in ["a", "b", "c"] as [StreamID] { try harness.append(to: stream, [[1], [2]]) }
        core.staging.removals = Removals(streamsMax: 2)
        for stream in ["a", "b"] as [StreamID] {
            guard case .staged = try core.offerRemoval(of: stream, through: 1) else {
                return #expect(Bool(false), "there is room")
            }
        }
        let end = core.stagedEnd
        for _ in 0..<2 {
            guard
                case .refused(.tooLarge(.removedStreams, limit: _, value: 3), _) =
                    try core.offerRemoval(
                        of: "c", through: 1)
            else { return #expect(Bool(false), "two are enough") }
            // Staged or durable.
            try core.commit(at: 1)
        }
        #expect(core.stagedEnd == end)
        guard case .staged = try core.offerRemoval(of: "a", through: nil) else {
            return #expect(Bool(false), "it has an entry")
        }
        try core.commit(at: 2)
        #expect(try core.versions(of: "a").isEmpty)
        #expect(try core.versions(of: "c") == [1, 2])
    }

    @Test("what the index cannot tell apart is not appended, and nothing removed either")
    func events() throws {
        let harness = try CoreHarness()
        let core = harness.core
        core.staging.index = LogIndex(startingAt: 0, eventsMax: 3)
        func offer(_ count: Int) throws -> OfferedBatch {
            try core.offer([
                StreamAppend(to: "a", (0..<count).map { Event(type: "T", payload: [UInt8($0)]) })
            ])
        }
        guard case .staged = try offer(2) else { return #expect(Bool(false), "there is room") }
        guard case .refused(.tooLarge(.unsealedEvents, limit: _, value: 2), _) = try offer(2) else {
            return #expect(Bool(false), "one is all there is room for")
        }
        guard case .staged = try offer(1) else { return #expect(Bool(false), "there is room") }
        guard
            case .refused(.tooLarge(.unsealedEvents, limit: _, value: 3), _) =
                try core.offerRemoval(of: "a", through: 1)
        else { return #expect(Bool(false), "a removal takes a position, too") }
        try core.commit(at: 1)
        #expect(try core.versions(of: "a") == [1, 2, 3])
        #expect(core.durableEnd == 3)
    }

    // MARK: What is recorded

    @Test("of a stream without an event nothing is recorded, whoever asks")
    func neverWritten() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "b", [[1]])
        let answers = [
            try core.offerRemoval(of: "a", through: StreamVersion.none),
            try core.offerRemoval(of: "a", through: nil),
            try core.offerExpiry(of: "a", at: 7),
            try core.offerAgain(of: "a", through: .none, ending: true),
            try core.offerAgain(of: "a", through: .none, ending: false),
        ]
        for answer in answers {
            guard case .repeated = answer else { return #expect(Bool(false), "\(answer)") }
        }
        #expect(core.stagedEnd == 1)
        #expect(core.removals.streamCountMax == 0)
        try harness.reopen()
        #expect(harness.core.removals.streamCount == 0)
    }

    @Test("what expired is left alone if it is to go at another time by now")
    func expiredBefore() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2], [3]])
        _ = try core.offerExpiry(of: "a", at: 100)
        try core.commit(at: 1)
        let due = try #require(core.takeDue(at: 200, limit: 9).first)
        _ = try core.offerExpiry(of: "a", at: 1 << 60)
        let end = core.stagedEnd
        guard case .repeated = try core.offerExpired(due) else {
            return #expect(Bool(false), "it was put off")
        }
        #expect(core.stagedEnd == end)
        try core.commit(at: 2)
        #expect(try core.versions(of: "a") == [1, 2, 3])
    }

    @Test("a stream of which all was removed is deleted all the same, which is recorded")
    func deletedWhenEmpty() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2]])
        _ = try core.offerRemoval(of: "a", through: 2)
        try core.commit(at: 1)
        guard case .staged = try core.offerRemoval(of: "a", through: nil) else {
            return #expect(Bool(false), "it is not deleted yet")
        }
        try core.commit(at: 2)
        try harness.reopen()
        let late = [StreamAppend(to: "a", [Event(type: "T")])]
        guard case .refused(.streamDeleted("a", 2), _) = try harness.core.offer(late) else {
            return #expect(Bool(false), "it is deleted")
        }
    }

    @Test("a snapshot is no event of the log, in a segment or in a sealed file")
    func snapshot() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2]])
        _ = try core.offerSnapshot(of: "a", at: 2, [7])
        try core.commit(at: 1)
        try harness.append(to: "a", [[3]])
        for isSealed in [false, true] {
            if isSealed {
                try core.prepareSegments()
                #expect(core.leaveSegment(core.activeNumber))
                #expect(try core.seal())
            }
            let versions = try (0..<4).map { number in
                try core.durableEvent(at: Position(UInt64(number)))?.version
            }
            #expect(versions == [1, 2, nil, 3])
            #expect(try core.newestSnapshot(of: "a")?.payload == [7])
        }
    }

    // MARK: The file of removals

    /// A disk on which files of removals are damaged as soon as they have their name.
    private final class DamagingFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base = MemoryFileSystem()

        func rename(_ path: String, to target: String) throws(DiskError) {
            try base.rename(path, to: target)
            base.edit(target) { $0[9] ^= 1 }
        }
    }

    @Test("a file of removals is taken for made only if both its copies hold what was written")
    func whole() throws {
        let storeID = Bits128(low: 1, high: 2)
        let file = RemovalFile(number: 7)
        let extents: [StreamID: Removals.Extent] = ["a": .init(through: 3)]
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.sealed)
        try file.make(extents, storeID: storeID, in: files)
        #expect(try file.isWhole(extents, in: files, storeID: storeID))
        let others: [StreamID: Removals.Extent] = ["a": .init(through: 4)]
        #expect(try !file.isWhole(others, in: files, storeID: storeID))
        files.edit(file.path) { $0[9] ^= 1 }
        #expect(try !file.isWhole(extents, in: files, storeID: storeID))
        // One copy can be read, which is not enough.
        let damaging = DamagingFileSystem()
        try damaging.makeFolder(StoreFolder.sealed)
        let error = #expect(throws: LogError.self) {
            try file.make(extents, storeID: storeID, in: damaging)
        }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == file.path && corruption.reason == .badBatch)
        #expect(try file.read(in: damaging, storeID: storeID).extents == extents)
    }

    @Test("a scrub that comes too late for a file of removals finds no damage, another one does")
    func scrubbed() throws {
        let storeID = Bits128(low: 1, high: 2)
        let file = RemovalFile(number: 7)
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.sealed)
        var report = ScrubReport()
        try file.scrub(in: files, storeID: storeID, false, &report)
        #expect(report.damages.isEmpty)
        try file.make(["a": .init(through: 3)], storeID: storeID, in: files)
        files.edit(file.path) { bytes in
            bytes[9] ^= 1
            bytes[bytes.count / 2 + 9] ^= 1
        }
        try file.scrub(in: files, storeID: storeID, false, &report)
        #expect(report.damages.map(\.file) == [file.path])
    }
}

extension [UInt8] {
    fileprivate func contains(run: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: run) }
    }
}
