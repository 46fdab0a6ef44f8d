import EmakiPlatform
import Testing

@testable import EmakiLog

/// Forgetting in the core, step by step: what must be gone first, what holds while nobody knows,
/// and what readers of earlier files see.
@Suite struct CoreForgetTests {
    /// Stream "a" has three events and a snapshot, is deleted, and all of that is in sealed files.
    private static func deleted(_ configuration: Configuration = .init()) throws -> CoreHarness {
        let harness = try CoreHarness(configuration: configuration)
        let core = harness.core
        try harness.append(to: "a", [[1], [2], [3]])
        guard case .staged = try core.offerSnapshot(of: "a", at: 2, [7]) else {
            throw HarnessError.repeated
        }
        try core.commit(at: 1)
        guard case .staged = try core.offerRemoval(of: "a", through: nil) else {
            throw HarnessError.repeated
        }
        try core.commit(at: 2)
        return harness
    }

    private static func seal(_ harness: CoreHarness) throws {
        let core = harness.core
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        #expect(try core.seal())
    }

    /// Writes files again until nothing is in the way.
    private static func forget(_ harness: CoreHarness) throws {
        while true {
            switch try harness.core.forget(["a"]) {
            case nil: return
            case .unsealed?: try seal(harness)
            case .file(let number)?: #expect(try harness.core.merge(rewriting: number))
            }
        }
    }

    private static func offer(_ harness: CoreHarness, _ expected: ExpectedVersion) throws
        -> OfferedBatch
    {
        try harness.core.offer([
            StreamAppend(to: "a", [Event(type: "T", payload: [9])], expecting: expected)
        ])
    }

    @Test("what must go first is named: segments, then each file with events or snapshots")
    func obstacles() throws {
        let harness = try Self.deleted()
        let core = harness.core
        #expect(try core.forget(["a"]) == .unsealed)
        try Self.seal(harness)
        let number = try #require(core.sealed.files.first).footer.number
        #expect(try core.forget(["a"]) == .file(number))
        // Nothing has changed.
        #expect(core.removals.extent("a").deletedAt == 3)
        #expect(try core.merge(rewriting: number))
        #expect(try core.forget(["a"]) == nil)
        #expect(core.removals.extent("a") == .nothing)
        #expect(core.manifest.removalFile != nil)
        // Of what listed it nothing is left.
        #expect(try harness.files.list("sealed").count { $0.hasSuffix(".removals") } == 1)
        // A record that comes later is one of a segment again.
        _ = try Self.offer(harness, .noStream)
        try core.commit(at: 3)
        _ = try core.offerRemoval(of: "a", through: nil)
        #expect(try core.forget(["a"]) == .unsealed)
        try core.commit(at: 4)
        #expect(try core.forget(["a"]) == .unsealed)
        try harness.reopen()
        #expect(try harness.core.forget(["a"]) == .unsealed)
        #expect(try harness.core.durableVersion(of: "a") == 1)
    }

    @Test("a snapshot in a segment, or alone in a file, is in the way, too")
    func snapshots() throws {
        let harness = try Self.deleted()
        let core = harness.core
        try Self.seal(harness)
        let number = try #require(core.sealed.files.first).footer.number
        #expect(try core.merge(rewriting: number))
        guard case .refused = try core.offerSnapshot(of: "a", at: 3, [8]) else {
            return #expect(Bool(false), "its stream is deleted")
        }
        // As if it had been there before.
        let snapshot = StreamAppend(
            to: SnapshotStream.id(beside: "a"), [SnapshotStream.event(of: "a", at: 3, [8])])
        guard case .staged = try core.offer([snapshot]) else {
            return #expect(Bool(false), "nothing keeps it out")
        }
        #expect(try core.forget(["a"]) == .unsealed)
        try core.commit(at: 3)
        #expect(try core.forget(["a"]) == .unsealed)
        try Self.seal(harness)
        let next = try #require(core.sealed.files.last).footer.number
        #expect(try core.forget(["a"]) == .file(next))
        // Where ids of the largest size share a stream beside, a new file is no obstacle.
        #expect(try core.forget(["a"], cleanFrom: next) == nil)
    }

    @Test("if MANIFEST was not replaced for certain, appends are refused until it is")
    func uncertain() throws {
        for takesEffect in [false, true] {
            let harness = try Self.deleted()
            let core = harness.core
            try Self.seal(harness)
            let number = try #require(core.sealed.files.first).footer.number
            #expect(try core.merge(rewriting: number))
            harness.files.resetCounts()
            // The third rename is MANIFEST's: two copies of the file of removals come before.
            harness.files.fault = .init(
                kind: .rename, number: 2, code: 5, takesEffect: takesEffect)
            #expect(throws: LogError.self) { try core.forget(["a"]) }
            #expect(harness.files.didFail)
            harness.files.fault = nil
            #expect(core.streamsBeingForgotten.contains("a"))
            for expected in [.noStream, .version(3), .anything] as [ExpectedVersion] {
                guard case .refused(let error, _) = try Self.offer(harness, expected) else {
                    return #expect(Bool(false), "nobody knows where the stream is")
                }
                #expect(
                    error == .streamDeleted(stream: "a", version: 3)
                        || error == .versionConflict(stream: "a", actual: 3))
            }
            let again = try core.offerAgain(of: "a", through: 3, ending: true)
            guard case .repeated = again else { return #expect(Bool(false), "\(again)") }
            let left = harness.files.clone()
            let opened = try openCore(left)
            #expect(try opened.durableVersion(of: "a") == (takesEffect ? 0 : 3))
            opened.closeFiles()
            // Whatever replaces MANIFEST next says that the stream is deleted.
            try harness.append(to: "b", [[1]])
            try Self.seal(harness)
            #expect(core.streamsBeingForgotten.isEmpty)
            guard case .staged = try Self.offer(harness, .version(3)) else {
                return #expect(Bool(false), "it is known again")
            }
            try core.commit(at: 5)
            try harness.reopen()
            #expect(try harness.core.versions(of: "a") == [4])
        }
    }

    @Test("a record of the deletion that is in a segment is in the way, also after an opening")
    func recordAlone() throws {
        let harness = try Self.deleted()
        try Self.seal(harness)
        #expect(
            try harness.core.merge(
                rewriting: #require(harness.core.sealed.files.first).footer.number))
        // As a purge repeats it, though it changes nothing.
        let again = try harness.core.offerAgain(of: "a", through: 3, ending: true)
        guard case .staged = again else { return #expect(Bool(false), "\(again)") }
        #expect(try harness.core.forget(["a"]) == .unsealed)
        try harness.core.commit(at: 3)
        #expect(try harness.core.forget(["a"]) == .unsealed)
        try harness.reopen()
        #expect(try harness.core.forget(["a"]) == .unsealed)
        try Self.seal(harness)
        #expect(try harness.core.forget(["a"]) == nil)
        try harness.reopen()
        #expect(try harness.core.durableVersion(of: "a") == 0)
    }

    @Test("a deleted stream of which nothing is left keeps its version, also while it goes")
    func nothingLeft() throws {
        let harness = try Self.deleted()
        try Self.seal(harness)
        #expect(
            try harness.core.merge(
                rewriting: #require(harness.core.sealed.files.first).footer.number))
        try harness.reopen()
        let core = harness.core
        guard case .refused(.streamDeleted("a", 3), _) = try Self.offer(harness, .noStream) else {
            return #expect(Bool(false), "it was deleted at version 3")
        }
        // While the file of removals is made, and MANIFEST replaced.
        let question = Forgetting(streams: ["a"], cleanFrom: .max)
        let plan = try core.plan(question, try question.find(in: core.sealed), in: core.sealed)
        guard case .step(let step) = plan else { return #expect(Bool(false), "\(plan)") }
        guard case .refused(.streamDeleted("a", 3), _) = try Self.offer(harness, .version(3)) else {
            return #expect(Bool(false), "it is on its way")
        }
        core.fail(step)
        guard case .staged = try Self.offer(harness, .version(3)) else {
            return #expect(Bool(false), "it stays")
        }
    }

    @Test("files that hold nothing of a stream but its snapshot are written again by a purge")
    func purgedSnapshots() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2], [3]])
        try Self.seal(harness)
        _ = try core.offerSnapshot(of: "a", at: 2, [7])
        try core.commit(at: 1)
        try harness.append(to: "b", [[1]])
        try Self.seal(harness)
        _ = try core.offerRemoval(of: "a", through: nil)
        try core.commit(at: 2)
        try Self.seal(harness)
        let end = core.nextSealedNumber
        var count = 0
        while try core.rewriteFile(before: end, with: "a", through: 3) { count += 1 }
        #expect(count == 2)
        for file in core.sealed.files {
            #expect(try file.find(SnapshotStream.id(beside: "a")) == nil)
            #expect(try file.find("a") == nil)
        }
        #expect(try core.versions(of: "b") == [1])
    }

    @Test("a file of removals that cannot be made leaves everything as it was")
    func failedFile() throws {
        let harness = try Self.deleted()
        let core = harness.core
        try Self.seal(harness)
        #expect(try core.merge(rewriting: #require(core.sealed.files.first).footer.number))
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .write, number: 1, code: 5)
        #expect(throws: LogError.self) { try core.forget(["a"]) }
        harness.files.fault = nil
        #expect(core.streamsBeingForgotten.isEmpty)
        guard case .staged = try Self.offer(harness, .version(3)) else {
            return #expect(Bool(false), "it is deleted, and nothing else")
        }
    }

    @Test("where nothing may be made, or files changed since they were asked, nothing is planned")
    func notNow() throws {
        let harness = try Self.deleted()
        let core = harness.core
        try Self.seal(harness)
        #expect(try core.merge(rewriting: #require(core.sealed.files.first).footer.number))
        let (number, next) = (core.manifest.removalFileNumber, core.nextSealedNumber)
        #expect(try core.forget(["never"]) == nil)
        #expect(core.manifest.removalFileNumber == number && core.nextSealedNumber == next)
        core.isCleaning = true
        #expect(try core.forget(["a"]) == .unsealed)
        core.isCleaning = false
        let question = Forgetting(streams: ["a"], cleanFrom: .max)
        let set = core.sealed
        let found = try question.find(in: set)
        try harness.append(to: "b", [[1]])
        try Self.seal(harness)
        guard case .outdated = try core.plan(question, found, in: set) else {
            return #expect(Bool(false), "another file may hold it by now")
        }
        core.poison()
        #expect(throws: LogError.poisoned) { try core.forget(["a"]) }
        try harness.reopen(.readOnly())
        #expect(throws: LogError.readOnly) { try harness.core.forget(["a"]) }
    }

    @Test("a reader that has files of before sees nothing of a stream that is forgotten meanwhile")
    func readers() throws {
        let harness = try Self.deleted()
        let core = harness.core
        try Self.seal(harness)
        var looks = 0
        func look(_ body: (LogCore) -> Void) throws(LogError) {
            body(core)
            looks += 1
            guard looks == 1 else { return }
            do {
                try Self.forget(harness)
            } catch {
                Issue.record("\(error)")
            }
        }
        var cursor = LogCursor(from: .start)
        var events: [RecordedEvent] = []
        _ = try cursor.step(into: &events, looking: look)
        #expect(events.isEmpty)
        #expect(core.removals.forgettingCount == 1)
        #expect(looks > 1)
        // The newest snapshot, the same way.
        let other = try Self.deleted()
        try Self.seal(other)
        var count = 0
        let snapshot = try SnapshotLookup("a").newest { body throws(LogError) in
            body(other.core)
            count += 1
            guard count == 2 else { return }
            do {
                try Self.forget(other)
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(snapshot == nil && count > 2)
    }

    @Test("a sealing that began before streams were forgotten does not bring them back")
    func sealingMeanwhile() throws {
        let harness = try Self.deleted()
        let core = harness.core
        try Self.seal(harness)
        #expect(try core.merge(rewriting: #require(core.sealed.files.first).footer.number))
        try harness.append(to: "b", [[1], [2]])
        _ = try core.offerRemoval(of: "b", through: 1)
        try core.commit(at: 7)
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        let sealing = try #require(core.planSealing())
        #expect(try core.forget(["a"]) == nil)
        // The file that it reads is still there.
        var made = try sealing.run(in: harness.files)
        try sealing.renewRemovals(&made, before: core.manifest.removalFile, in: harness.files)
        let step = core.beginSwitch(sealing, to: made)
        try step.perform(in: harness.files)
        core.finish(step, of: sealing, to: made)
        while !core.dropSealed(sealing) {}
        SealedLeftovers.remove(core.takeOrphans(), in: harness.files)
        try harness.reopen()
        #expect(try harness.core.durableVersion(of: "a") == 0)
        #expect(harness.core.removals.streamCount == 1)
        #expect(try harness.core.versions(of: "b") == [2])
    }

    // MARK: Files of which nothing is left

    @Test("a merge drops a file that is wholly removed without reading an event of it")
    func whollyRemoved() throws {
        let harness = try CoreHarness()
        let core = harness.core
        for stream in ["gone", "stays"] as [StreamID] {
            for number in 0..<4 { try harness.append(to: stream, [[UInt8(number)]]) }
            try Self.seal(harness)
        }
        _ = try core.offerRemoval(of: "gone", through: nil)
        try core.commit(at: 9)
        try Self.seal(harness)
        #expect(core.sealed.files.count == 2)
        // What a merge would read of its events is not there any more.
        let gone = try #require(core.sealed.files.first)
        let chunks = gone.footer[.chunks].range
        let pageBytes = PageParity.pageBytes
        let parity = (1 + gone.footer.coveredPageCount) * pageBytes
        harness.files.edit(gone.pages.path) { bytes in
            for index in chunks { bytes[index] ^= 0xff }
            for index in parity..<bytes.count - pageBytes { bytes[index] ^= 0xff }
        }
        #expect(throws: LogError.self) { try core.sealed.event(at: 0) }
        #expect(try core.merge(all: true))
        #expect(core.sealed.files.count == 1)
        #expect(core.counters.droppedEvents == 4)
        #expect(try core.versions(of: "stays") == [1, 2, 3, 4])
        try harness.reopen()
        #expect(try harness.core.versions(of: "stays") == [1, 2, 3, 4])
        #expect(try harness.core.durableVersion(of: "gone") == 4)
    }

    @Test("the live share of sealed bytes falls with removals, by tier, and rises with a merge")
    func liveShare() throws {
        let harness = try CoreHarness()
        let core = harness.core
        for stream in ["a", "b"] as [StreamID] {
            for number in 0..<8 { try harness.append(to: stream, [[UInt8(number)]]) }
            try Self.seal(harness)
        }
        func space() -> SealedSpace { SealedSpaceQuestion(core).answer() }
        #expect(space().liveShares == [1] && space().amplification == 1)
        _ = try core.offerRemoval(of: "a", through: 4)
        try core.commit(at: 9)
        // Half of one of two files of one size.
        let share = try #require(space().liveShare)
        #expect(abs(share - 0.75) < 0.05, "\(space())")
        _ = try core.offerRemoval(of: "a", through: nil)
        try core.commit(at: 10)
        try Self.seal(harness)
        #expect(abs(try #require(space().liveShare) - 0.5) < 0.05, "\(space())")
        #expect(space().description.contains("0.5"))
        while try core.merge(all: true) {}
        #expect(space().liveShare == 1)
        #expect(space().liveShares == [nil, 1])
    }
}
