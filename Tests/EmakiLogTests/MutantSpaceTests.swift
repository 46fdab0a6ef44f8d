import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// What the core keeps from events, and gives back, while space is short.
@Suite struct MutantSpaceTests {
    private static let segmentBytes = 128 << 10

    private static func configuration(
        _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        var configuration = Configuration()
        configuration.reserveBytes = 64 << 10
        change(&configuration)
        return configuration
    }

    private static func harness(
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> CoreHarness {
        let harness = try CoreHarness(configuration: configuration(change))
        try harness.core.prepareSegments()
        return harness
    }

    /// Gives up some of the reserve, as who finds no room does.
    private static func drawOnReserve(_ core: LogCore) throws {
        #expect(try core.reserve.give(4_096, for: .manifest))
        core.noteReserve()
    }

    /// The answer to an event that has room in the active segment.
    private static func smallEvent(_ harness: CoreHarness) throws -> String {
        let part = StreamAppend(to: "small", [Event(type: "T")])
        switch try harness.outcome(of: [part]) {
        case .staged: return "staged"
        case .wait(let reason): return "\(reason)"
        case .refused(let error, _): return "\(error)"
        default: return "other"
        }
    }

    /// Goes on in the next segment, with an event in this one: none is left empty.
    private static func rotate(_ harness: CoreHarness, forEvents: Bool = true) throws -> Bool {
        #expect(try smallEvent(harness) == "staged")
        try harness.core.commit(at: 1)
        return harness.core.rotateIfPossible(forEvents: forEvents)
    }

    // MARK: The last segment

    @Test("while the reserve is short the last ready segment is kept from events")
    func shortReserve() throws {
        let harness = try Self.harness()
        let core = harness.core
        #expect((core.keepsLastSegment, core.readyCount, core.readyForEvents) == (false, 2, 2))
        try Self.drawOnReserve(core)
        #expect((core.keepsLastSegment, core.readyCount, core.readyForEvents) == (true, 2, 1))
        core.refillReserve()
        #expect((core.keepsLastSegment, core.readyForEvents) == (false, 2))
    }

    @Test("above its quota a store keeps the last segment, and says by how much it is above")
    func quota() throws {
        let harness = try Self.harness()
        let bytes = harness.core.storeBytes
        #expect(harness.core.quotaRefusal == nil)
        for (limit, isAbove) in [(bytes, false), (bytes - 1, true)] {
            try harness.reopen(
                Self.configuration {
                    $0.storeBytesMax = limit
                    $0.readySegmentCount = 1
                })
            let core = harness.core
            #expect(core.storeBytes == bytes)
            #expect(core.keepsLastSegment == isAbove)
            // There is a segment for events.
            #expect(core.readyForEvents == (isAbove ? 1 : 2))
            #expect(core.quotaRefusal == nil)
            #expect(try Self.rotate(harness))
            #expect(core.readyForEvents == (isAbove ? 0 : 1))
            #expect(
                core.quotaRefusal
                    == (isAbove ? .tooLarge(.storeBytes, limit: limit, value: bytes) : nil))
            #expect(!core.hasUseForSegment)
        }
    }

    @Test("at the limit of unsealed segments the last is kept only once sealing failed")
    func unsealedLimit() throws {
        let harness = try Self.harness { $0.unsealedSegmentsMax = 1 }
        let core = harness.core
        core.hasSealer = true
        #expect(try Self.rotate(harness))
        #expect(core.isAtUnsealedLimit)
        #expect(!core.keepsLastSegment)
        #expect(!core.hasUseForSegment)
        core.sealingFailure = .noSpace
        #expect(core.keepsLastSegment)
        #expect(!core.hasUseForSegment)
        core.hasSealer = false
        #expect(!core.isAtUnsealedLimit)
        #expect(!core.keepsLastSegment)
        #expect(core.hasUseForSegment)
    }

    @Test("who may not use a segment makes none: read only, poisoned, or with as many as there are")
    func noUse() throws {
        let harness = try Self.harness()
        let core = harness.core
        #expect(!core.hasUseForSegment)
        #expect(try Self.rotate(harness))
        #expect(core.hasUseForSegment)
        core.manifest.segments += (core.manifest.segments.count..<Limits.segmentCountMax).map {
            Manifest.Entry(number: UInt64($0), incarnation: .zero, fileIndex: UInt32($0))
        }
        #expect(!core.hasUseForSegment)
        core.filesInPreparation.append(SpareFile(fileIndex: 99))
        #expect(core.hasUseForSegment)
        core.isPoisoned = true
        #expect(!core.hasUseForSegment)
        try harness.reopen(
            Self.configuration {
                $0.isReadOnly = true
                $0.readySegmentCount = 5
            })
        #expect(!harness.core.hasUseForSegment)
    }

    @Test("for removals one segment is made ready while space is short, for events none")
    func useWhileShort() throws {
        let harness = try Self.harness()
        let core = harness.core
        try Self.drawOnReserve(core)
        #expect(!core.hasUseForSegment)
        #expect(try Self.rotate(harness))
        #expect(core.readyCount == 1)
        #expect(!core.hasUseForSegment)
        #expect(try Self.rotate(harness, forEvents: false))
        #expect(core.readyCount == 0)
        #expect(core.hasUseForSegment)
    }

    @Test("a segment that was entered for removals takes no event until space is there again")
    func activeKept() throws {
        let harness = try Self.harness()
        let core = harness.core
        try Self.drawOnReserve(core)
        #expect(try Self.rotate(harness))
        // The last of those for events: they may fill it.
        #expect(try Self.smallEvent(harness) == "staged")
        try harness.core.commit(at: 2)
        #expect(!core.rotateIfPossible())
        #expect(core.rotateIfPossible(forEvents: false))
        #expect(core.isActiveKept)
        #expect(try Self.smallEvent(harness) != "staged")
        core.lookAtSpace()
        #expect(core.isActiveKept)
        #expect(try Self.smallEvent(harness) != "staged")
        core.refillReserve()
        #expect(!core.isActiveKept)
        #expect(try Self.smallEvent(harness) == "staged")
    }

    @Test("while space is short events need a ready segment behind them, and one not entered so")
    func takesEvents() throws {
        let harness = try Self.harness()
        let core = harness.core
        func takesEvents(_ isActiveKept: Bool) -> Bool {
            core.isActiveKept = isActiveKept
            core.lookAtSpace()
            return core.staging.takesEvents
        }
        #expect(takesEvents(true))
        try Self.drawOnReserve(core)
        #expect(takesEvents(false))
        #expect(!takesEvents(true))
        #expect(takesEvents(false))
        #expect(try Self.rotate(harness))
        #expect(try Self.rotate(harness, forEvents: false))
        #expect(core.readyCount == 0)
        #expect(!takesEvents(false))
        #expect(!takesEvents(true))
    }

    // MARK: Spare files

    /// A core with files that are listed and not in use.
    private static func spare(_ core: LogCore, _ isRecycled: [Bool]) {
        for (place, isRecycled) in isRecycled.enumerated() {
            core.filesInPreparation.append(
                SpareFile(fileIndex: UInt32(100 + place), isRecycled: isRecycled))
        }
    }

    @Test("spare files are emptied only while space is short, and nobody prepares a segment")
    func whenEmptied() throws {
        let harness = try Self.harness()
        let core = harness.core
        Self.spare(core, [false, true])
        #expect(core.spareFilesToEmpty().isEmpty)
        #expect(!core.hasSpareBytes)
        #expect(core.filesInPreparation.map(\.isRecycled) == [false, true])
        try Self.drawOnReserve(core)
        #expect(core.hasSpareBytes)
        core.isPreparing = true
        #expect(core.spareFilesToEmpty().isEmpty)
        core.isPreparing = false
        core.isPoisoned = true
        #expect(core.spareFilesToEmpty().isEmpty)
        core.isPoisoned = false
        #expect(core.filesInPreparation.map(\.isRecycled) == [false, true])
        #expect(core.spareFilesToEmpty().map(\.fileIndex) == [100, 101])
        // From then on no byte of them counts as written.
        #expect(core.filesInPreparation.map(\.isRecycled) == [false, false])
        #expect(core.hasSpareBytes)
    }

    @Test("who only reads empties nothing")
    func readOnly() throws {
        let harness = try Self.harness()
        try Self.drawOnReserve(harness.core)
        try harness.reopen(Self.configuration { $0.isReadOnly = true })
        Self.spare(harness.core, [true])
        #expect(harness.core.keepsLastSegment)
        #expect(harness.core.spareFilesToEmpty().isEmpty)
        #expect(harness.core.filesInPreparation.map(\.isRecycled) == [true])
    }

    @Test("one that was in use is kept for removals, if they have no segment")
    func keptForRemovals() throws {
        let harness = try Self.harness()
        let core = harness.core
        Self.spare(core, [false, true, true])
        try Self.drawOnReserve(core)
        #expect(try Self.rotate(harness))
        #expect(try Self.rotate(harness, forEvents: false))
        #expect(core.spareFilesToEmpty().map(\.fileIndex) == [100, 102])
        #expect(core.filesInPreparation.map(\.isRecycled) == [false, true, false])
    }

    @Test("what was emptied has no byte, durably, and is not emptied again")
    func emptied() throws {
        let harness = try Self.harness()
        let core = harness.core
        Self.spare(core, [true, true])
        let paths = [100, 101].map { Manifest.path(ofFile: $0) }
        for path in paths { harness.files[path] = [1, 2, 3] }
        try Self.drawOnReserve(core)
        let bytesBefore = core.storeBytes
        let openBefore = harness.files.openFileCount
        core.emptySpareFiles()
        #expect(harness.files.openFileCount == openBefore)
        #expect(core.filesInPreparation.map(\.isEmpty) == [true, true])
        let after = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: false)
        for path in paths { #expect(after[path].isEmpty) }
        #expect(core.storeBytes == bytesBefore - 2 * Self.segmentBytes)
        #expect(!core.hasSpareBytes)
        #expect(core.spareFilesToEmpty().isEmpty)
        // One that is not listed any more: nothing happens.
        core.finishEmptying(SpareFile(fileIndex: 7))
        #expect(core.storeBytes == bytesBefore - 2 * Self.segmentBytes)
    }

    @Test("one that cannot be emptied is as large as before, and so are those behind it")
    func notEmptied() throws {
        let harness = try Self.harness()
        let core = harness.core
        Self.spare(core, [true, true])
        for index in [100, 101] as [UInt32] {
            harness.files[Manifest.path(ofFile: index)] = [1, 2, 3]
        }
        try Self.drawOnReserve(core)
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .resize, number: 1)
        core.emptySpareFiles()
        #expect(harness.files.didFail)
        #expect(core.filesInPreparation.map(\.isEmpty) == [false, false])
        #expect(harness.files[Manifest.path(ofFile: 101)] == [1, 2, 3])
        core.emptySpareFiles()
        #expect(core.filesInPreparation.map(\.isEmpty) == [true, true])
    }

    // MARK: The reserve

    @Test("the reserve is made whole by who may write, and its failure leaves the log as it is")
    func refill() throws {
        let harness = try Self.harness()
        let path = Reserve.name
        let core = harness.core
        try Self.drawOnReserve(core)
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .write, number: 1, code: ENOSPC)
        core.refillReserve()
        #expect(core.keepsLastSegment)
        harness.files.fault = nil
        core.isPoisoned = true
        core.refillReserve()
        #expect(core.reserve.isShort)
        core.isPoisoned = false
        core.closeFiles()
        try harness.reopen(Self.configuration { $0.isReadOnly = true })
        harness.core.refillReserve()
        #expect(harness.files[path].count == (64 << 10) - 4_096)
        try harness.reopen(Self.configuration())
        harness.core.refillReserve()
        #expect(harness.files[path].count == 64 << 10)
        #expect(!harness.core.keepsLastSegment)
    }
}
