import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Which files are merged, and which are not.
@Suite struct MutantMergePlanTests {
    // MARK: What fits into one file

    @Test("files fit into one as long as positions, ids and pages do, and follow one another")
    func fits() throws {
        let most = UInt64(Int32.max)
        func at(
            _ start: UInt64, _ end: UInt64, chunkBytes: Int = 1, idBytes: Int = 1
        ) throws -> SealedFile {
            try HugeFile.open(
                positions: Position(start)..<Position(end), chunkBytes: chunkBytes,
                idBytes: idBytes)
        }
        #expect(!SealedMerge.canMerge([]))
        #expect(SealedMerge.canMerge([try at(5, 10)]))
        #expect(SealedMerge.canMerge([try at(5, 10), try at(10, 15)]))
        #expect(SealedMerge.canMerge([try at(5, 10), try at(12, 15)]))
        #expect(!SealedMerge.canMerge([try at(5, 10), try at(9, 15)]))
        #expect(!SealedMerge.canMerge([try at(10, 15), try at(5, 10)]))
        let first = try at(5, 10)
        #expect(SealedMerge.canMerge([first, try at(most, most + 5)]))
        #expect(!SealedMerge.canMerge([first, try at(most, most + 6)]))
        let ids = Int(UInt32.max)
        #expect(SealedMerge.canMerge([first, try at(10, 15, idBytes: ids - 1)]))
        #expect(!SealedMerge.canMerge([first, try at(10, 15, idBytes: ids)]))
        let pages = SealedFooter.pageCountMax / 2
        #expect(SealedMerge.canMerge([try at(10, 15, chunkBytes: pages / 4 * 3 * 4_096)]))
        #expect(!SealedMerge.canMerge([try at(10, 15, chunkBytes: pages * 4_096)]))
    }

    /// A core that has these sealed files, and MANIFEST lists them.
    private static func core(
        _ files: [SealedFile], tiers: [UInt8]? = nil,
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> LogCore {
        var configuration = Configuration()
        configuration.filesPerMerge = 2
        change(&configuration)
        let core = try CoreHarness(configuration: configuration).core
        core.sealed = SealedSet(files)
        core.manifest.sealedFiles = zip(files, tiers ?? files.map { _ in 0 }).map { file, tier in
            SealedEntry(
                number: file.footer.number, positions: file.footer.positions, footerChecksum: 0,
                tier: tier)
        }
        core.manifest.nextSealedNumber = 100
        return core
    }

    /// Numbers of the files that are merged next.
    private static func plan(
        _ core: LogCore, all: Bool = false, rewriting number: UInt64? = nil
    ) -> [UInt64]? {
        let end = all ? core.sealed.endPosition : nil
        guard let merging = core.planMerging(upTo: end, rewriting: number) else { return nil }
        core.isMerging = false
        return merging.inputs.map(\.footer.number)
    }

    private static func files(_ count: UInt64, chunkBytes: Int = 1) throws -> [SealedFile] {
        try (1...count).map {
            try HugeFile.open(
                number: $0, positions: Position($0 * 10)..<Position($0 * 10 + 10),
                chunkBytes: chunkBytes)
        }
    }

    @Test("one merge at a time, and none before what earlier stops left is gone")
    func oneAtATime() throws {
        let core = try Self.core(Self.files(3))
        #expect(Self.plan(core) == [1, 2])
        #expect(Self.plan(core, all: true) == [1, 2, 3])
        core.isMerging = true
        #expect(core.planMerging() == nil)
        core.isMerging = false
        core.isCleaning = true
        #expect(core.planMerging() == nil)
        core.isCleaning = false
        #expect(Self.plan(core) == [1, 2])
    }

    @Test("a file is written again by itself, if there is one of that number and it fits")
    func rewriting() throws {
        let core = try Self.core(Self.files(3))
        #expect(Self.plan(core, rewriting: 3) == [3])
        #expect(Self.plan(core, rewriting: 4) == [1, 2])
        let huge = try HugeFile.open(
            number: 2, positions: 10..<20, chunkBytes: SealedFooter.pageCountMax / 2 * 4_096)
        #expect(Self.plan(try Self.core([huge]), rewriting: 2) == nil)
        let beside = try Self.core([huge, try HugeFile.open(number: 3, positions: 20..<30)])
        beside.manifest.sealedFiles[0].tier = 1
        #expect(Self.plan(beside, rewriting: 3) == [3])
    }

    @Test("the lowest tier that has enough neighbours comes first")
    func tiers() throws {
        let files = try Self.files(5)
        #expect(Self.plan(try Self.core(files, tiers: [1, 1, 0, 0, 0])) == [3, 4])
        #expect(Self.plan(try Self.core(files, tiers: [1, 1, 0, 1, 0])) == [1, 2])
        #expect(Self.plan(try Self.core(files, tiers: [2, 1, 0, 1, 0])) == nil)
    }

    @Test("what is damaged, too large, or does not fit into one file is passed over")
    func passedOver() throws {
        let files = try Self.files(4)
        let core = try Self.core(files)
        core.unmergeable = ["huge/1"]
        #expect(Self.plan(core) == [2, 3])
        #expect(Self.plan(core, all: true) == [2, 3, 4])
        core.unmergeable = ["huge/2"]
        #expect(Self.plan(core) == [3, 4])
        #expect(Self.plan(core, all: true) == [3, 4])
        core.unmergeable = ["huge/2", "huge/4"]
        #expect(Self.plan(core) == nil)
        #expect(Self.plan(core, all: true) == nil)
        let fileBytes = files[0].footer.fileBytes
        for (limit, one, all) in [
            (2 * fileBytes - 1, nil, nil), (2 * fileBytes, [1, 2], [1, 2]),
            (3 * fileBytes, [1, 2], [1, 2, 3]),
        ] as [(Int, [UInt64]?, [UInt64]?)] {
            let core = try Self.core(files) { $0.mergedBytesMax = limit }
            #expect(Self.plan(core) == one)
            #expect(Self.plan(core, all: true) == all)
        }
        // Positions of the second pair are too far from one another.
        let most = UInt64(Int32.max)
        let far = try [
            HugeFile.open(number: 1, positions: 0..<10),
            HugeFile.open(number: 2, positions: Position(most)..<Position(most + 10)),
            HugeFile.open(number: 3, positions: Position(most + 10)..<Position(most + 20)),
        ]
        #expect(Self.plan(try Self.core(far)) == [2, 3])
        #expect(Self.plan(try Self.core(far), all: true) == [2, 3])
    }

    @Test("what found no room is tried with less, until there may be room again")
    func lackOfRoom() throws {
        let core = try Self.core(Self.files(4))
        #expect(!core.lacksRoomForMerge)
        func fail(_ error: LogError) {
            guard let merging = core.planMerging(all: true) else { return }
            core.fail(merging, with: error)
        }
        fail(.noSpace)
        #expect(core.lacksRoomForMerge)
        #expect(Self.plan(core, all: true) == [1, 2])
        core.mergingFailure = .closed
        #expect(!core.lacksRoomForMerge)
        core.mergingFailure = .noSpace
        core.forgetLackOfRoom()
        #expect(!core.lacksRoomForMerge)
        core.loneWithoutRoom = [3]
        #expect(core.lacksRoomForMerge)
        #expect(Self.plan(core, all: true) == [1, 2, 3, 4])
    }

    @Test("a file of its own is written again if something was removed since it was made")
    func alone() throws {
        let core = try Self.core(Self.files(1))
        core.manifest.removalFileNumber = 1
        #expect(Self.plan(core, all: true) == nil, "nothing is removed")
        core.staging.removals = Removals(["a": Removals.Extent(through: 3)])
        #expect(Self.plan(core, all: true) == [1])
        #expect(core.planMerging(all: true)?.givesSpaceBack == true)
        core.isMerging = false
        core.loneWithoutRoom = [1]
        #expect(Self.plan(core, all: true) == nil)
        core.loneWithoutRoom = []
        core.manifest.removalFileNumber = 0
        #expect(Self.plan(core, all: true) == nil, "it was made after the removal")
    }

    @Test("a file that is damaged or too large is not written again, whatever it has lost")
    func lostCauses() throws {
        for isDamaged in [false, true] {
            let files = try Self.files(1)
            let core = try Self.core(files) {
                if !isDamaged { $0.mergedBytesMax = files[0].footer.fileBytes - 1 }
            }
            core.manifest.removalFileNumber = 1
            core.staging.removals = Removals(["a": Removals.Extent(through: 3)])
            if isDamaged { core.unmergeable = ["huge/1"] }
            #expect(Self.plan(core, all: true) == nil)
        }
    }

    @Test("a poisoned log merges nothing, and says so")
    func poisoned() throws {
        let core = try Self.core(Self.files(2))
        core.poison()
        #expect(throws: LogError.poisoned) { try core.merge(all: true) }
    }
}
