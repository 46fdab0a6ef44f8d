import EmakiPlatform
import Testing

@testable import EmakiLog

/// When a core goes on in another segment, which full ones it seals, and what it answers where
/// there is none to go on in.
@Suite struct MutantLeaveTests {
    private static func harness(
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> CoreHarness {
        var configuration = Configuration()
        configuration.reserveBytes = 0
        change(&configuration)
        return try CoreHarness(configuration: configuration)
    }

    private static func stage(_ harness: CoreHarness) throws {
        try harness.stage([StreamAppend(to: "a", [Event(type: "T")])])
    }

    // MARK: Leaving

    @Test("a segment without a frame is left already; one with frames when another one is there")
    func leaving() throws {
        let harness = try Self.harness()
        let core = harness.core
        #expect(core.leaveSegment(1))
        #expect(core.segmentToLeave == nil)
        #expect(!core.rotateIfPossible(), "there is none, and this one has no frame")
        try Self.stage(harness)
        #expect(!core.leaveSegment(1), "a frame is about to be there")
        core.segmentToLeave = nil
        try harness.commit()
        #expect(!core.leaveSegment(1))
        #expect(core.segmentToLeave == 1)
        try core.prepareSegments()
        try Self.stage(harness)
        #expect(!core.rotateIfPossible(), "a group lies in one segment")
        #expect(!core.leaveSegment(1))
        // With the group that gathers; its write is in the old one.
        let write = core.beginGroup(at: 1)
        #expect(core.activeNumber == 2)
        #expect(!core.rotateIfPossible(), "the second has no frame")
        #expect(!core.leaveSegment(1), "a write in it is out")
        try write.perform()
        core.finish(write)
        #expect(core.leaveSegment(1))
        try Self.stage(harness)
        let next = core.beginGroup(at: 2)
        #expect(core.leaveSegment(1), "the write that is out is in another")
        // It is sealed while that write is out; the one with the write is not.
        #expect(core.planSealing()?.segmentCount == 1)
        try next.perform()
        core.finish(next)
    }

    @Test("nothing is sealed twice at once, nor by who may not write")
    func sealable() throws {
        let harness = try Self.harness()
        try harness.append(to: "a", [[1]])
        try harness.core.prepareSegments()
        #expect(harness.core.rotateIfPossible())
        try harness.append(to: "b", [[2]])
        let core = harness.core
        let first = try #require(core.planSealing())
        #expect(core.planSealing() == nil)
        core.fail(first, with: .closed)
        core.poison()
        #expect(core.planSealing() == nil)
        try harness.reopen(.readOnly())
        #expect(harness.core.lastFullNumber == 1)
        #expect(harness.core.planSealing() == nil)
        try harness.reopen()
        #expect(harness.core.planSealing()?.segmentCount == 1)
    }

    @Test("a preparation draws on the reserve if no segment is ready and the reserve is whole")
    func reserves() throws {
        let harness = try Self.harness {
            $0.reserveBytes = 64 << 10
            $0.readySegmentCount = 1
        }
        let core = harness.core
        core.refillReserve()
        func draws() throws -> Bool {
            let plan = try #require(core.planSegment())
            core.isPreparing = false
            return plan.reserve != nil
        }
        #expect(try draws())
        #expect(try core.reserve.give(4_096, for: .manifest))
        #expect(try !draws())
        core.refillReserve()
        try core.prepareSegments()
        try harness.reopen(
            {
                var configuration = Configuration()
                configuration.reserveBytes = 64 << 10
                return configuration
            }())
        #expect(harness.core.readyCount == 1)
        let plan = try #require(harness.core.planSegment())
        #expect(plan.reserve == nil)
    }

    // MARK: Files of switches that failed

    @Test("of the files whose switch failed those go that nobody lists or reads")
    func orphans() throws {
        let core = try Self.harness().core
        let listed = SealedEntry(number: 7, positions: 0..<1, footerChecksum: 0)
        core.manifest.sealedFiles = [listed]
        core.removalsOfMerge = "sealed/read"
        core.orphans = ["sealed/gone", listed.path, "sealed/read"]
        #expect(core.takeOrphans() == ["sealed/gone"])
        #expect(core.orphans == ["sealed/read"])
        core.removalsOfMerge = nil
        core.removalsOfSealing = "sealed/read"
        #expect(core.takeOrphans().isEmpty)
        core.removalsOfSealing = nil
        #expect(core.takeOrphans() == ["sealed/read"])
        #expect(core.orphans.isEmpty)
    }

    @Test("a MANIFEST for which there is no room is written with the reserve, where there is one")
    func listing() async throws {
        for isLent in [false, true] {
            let disk = FullFileSystem()
            let reserve = Reserve(in: disk, wantedBytes: 1 << 20)
            try reserve.refill()
            disk.leave(0)
            let step = ManifestSwitch(manifest: Manifest(storeID: Bits128(low: 1, high: 2)))
            let answer = Result { () throws(DiskError) in
                try step.perform(in: disk, drawingOn: isLent ? reserve : nil)
            }
            #expect((answer.error == nil) == isLent)
            #expect(disk.bytes(of: Manifest.twin.name).isEmpty != isLent)
        }
    }

    // MARK: No segment

    /// A core whose active segment is full, with a group that gathers in it, and so many others
    /// ready.
    private static func full(
        ready: Int, gathers: Bool, _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> CoreHarness {
        let harness = try harness {
            $0.readySegmentCount = max(1, ready)
            change(&$0)
        }
        if ready > 0 { try harness.core.prepareSegments() }
        let taken =
            FrameHeader.byteCount + BatchFormat.headerBytes
            + SectionHeader.byteCount(streamIDBytes: 1) + EventRecord.headerBytes + 8
        let room = harness.core.layout.segmentBytes - harness.core.gathering.start - taken
        try harness.stage([StreamAppend(to: "a", [Event(type: "T", payload: bytes(room))])])
        if !gathers { try harness.commit() }
        #expect(harness.core.freeSegmentBytes < 40)
        return harness
    }

    private static func answers(_ harness: CoreHarness) throws -> (event: String, removal: String) {
        func text(_ outcome: StageOutcome) -> String {
            switch outcome {
            case .wait(.segment): "segment"
            case .wait(.groupBytes): "groupBytes"
            case .refused(.tooLarge(let name, _, _), _): name.rawValue
            case .staged: "staged"
            default: "other"
            }
        }
        let event = text(
            try harness.outcome(of: [StreamAppend(to: "a", [Event(type: "T")])]))
        let removal = MeasuredBatch(
            removal: RemovalSource(stream: "a", expected: .anything, request: .delete))
        return (event, text(harness.core.stage(removal) { _, _ in }))
    }

    /// As many sealed files as may be listed.
    private static func list(_ core: LogCore) {
        core.manifest.sealedFiles = (0..<Limits.sealedFileCountMax).map {
            SealedEntry(number: UInt64($0), positions: 0..<1, footerChecksum: 0)
        }
    }

    @Test("a removal waits for the group that lets the log go on; an event for a segment")
    func waiting() throws {
        #expect(try Self.answers(Self.full(ready: 1, gathers: true)) == ("segment", "groupBytes"))
        #expect(try Self.answers(Self.full(ready: 0, gathers: true)) == ("segment", "segment"))
        #expect(try Self.answers(Self.full(ready: 0, gathers: false)) == ("segment", "segment"))
        #expect(try Self.answers(Self.full(ready: 1, gathers: false)) == ("staged", "staged"))
    }

    @Test("above its quota a store refuses events, and removals wait for a segment")
    func quota() throws {
        for (ready, removal) in [(0, "segment"), (1, "groupBytes")] {
            let segmentBytes = CoreHarness.smallOptions.segmentBytes
            let harness = try Self.full(ready: ready, gathers: ready > 0) {
                $0.storeBytesMax = (1 + ready) * segmentBytes
            }
            // One more, as of a preparation that was interrupted.
            harness.core.manifest.segments.append(
                .init(number: 0, incarnation: .zero, fileIndex: 9))
            harness.core.lookAtSpace()
            #expect(try Self.answers(harness) == ("storeBytes", removal))
        }
    }

    @Test(
        "at the limit of unsealed segments no further sealed file may be listed, and that is said")
    func sealedFiles() throws {
        for (limit, ready, isRefused) in [(1, 0, true), (9, 0, false), (1, 1, false)] {
            let harness = try Self.harness {
                $0.unsealedSegmentsMax = limit
                $0.readySegmentCount = ready + 1
            }
            let core = harness.core
            core.hasSealer = true
            try core.prepareSegments()
            try harness.append(to: "a", [[1]])
            #expect(core.rotateIfPossible())
            #expect(core.readyCount == ready)
            try harness.stage([
                StreamAppend(
                    to: "a", [Event(type: "T", payload: bytes(core.freeSegmentBytes - 80))])
            ])
            Self.list(core)
            let event = try Self.answers(harness).event
            #expect(event == (isRefused ? "sealedFiles" : "segment"), "\(limit) \(ready)")
        }
    }
}
