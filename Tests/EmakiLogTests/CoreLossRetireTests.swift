import EmakiPlatform
import Testing

@testable import EmakiLog

/// Losses that a repair recorded, once the segment that holds the record was retired.
@Suite struct CoreLossRetireTests {
    /// Where a damaged region ends.
    enum Region: String, CaseIterable, Sendable {
        /// At the end of the segment in which it starts.
        case withinSegment
        /// Behind the first frames of the next segment.
        case intoNext
        /// In the third segment, behind all of the second.
        case overWholeSegment
        /// In the fourth.
        case overTwoSegments
    }

    /// Four segments and more, each of many small groups.
    private func harness() throws -> CoreHarness {
        var configuration = Configuration()
        configuration.readySegmentCount = 4
        let harness = try CoreHarness(seed: 31, configuration: configuration)
        try harness.core.prepareSegments()
        for number in 0..<80 {
            try harness.append(to: number % 3 == 0 ? "a" : "b", [bytes(10, seed: number)])
            if number % 10 == 9 { try harness.core.prepareSegments() }
        }
        #expect(harness.core.active.number >= 5)
        return harness
    }

    /// Wipes blocks from the middle of the first segment on.
    private func damage(_ harness: CoreHarness, _ region: Region) {
        let layout = harness.core.layout
        let start = layout.framesOffset + 9 * layout.blockBytes
        let lastIndex =
            switch region {
            case .withinSegment: 0
            case .intoNext: 1
            case .overWholeSegment: 2
            case .overTwoSegments: 3
            }
        for index in 0...lastIndex {
            let from = index == 0 ? start : layout.framesOffset
            let isLast = index == lastIndex && index > 0
            let to = isLast ? layout.framesOffset + 3 * layout.blockBytes : layout.segmentBytes
            harness.files.edit(harness.core.segments[index].path) { bytes in
                for at in from..<to { bytes[at] = 0 }
            }
        }
    }

    @Test(
        "a loss that leads into a later segment outlives the retirement of its record",
        arguments: Region.allCases, [UInt64(1), 2, 3, 4])
    func lossOutlivesRetirement(region: Region, retiredUpTo: UInt64) throws {
        let harness = try harness()
        damage(harness, region)
        harness.core.closeFiles()
        var repair = Repair(files: harness.files)
        let report = try repair.run()
        #expect(report.losses.count == 1)
        let core = try openCore(harness.files, harness.core.configuration)
        let before = try core.content()
        try core.retire(upTo: retiredUpTo)
        let retired = try core.content()
        #expect(retired.events == before.events.suffix(retired.events.count))
        #expect(retired.first == core.manifest.anchor.nextPosition.rawValue)
        core.closeFiles()

        let reopened = try openCore(harness.files, harness.core.configuration)
        #expect(try reopened.content() == retired)
        #expect(reopened.receipt.end == core.receipt.end)
        #expect(reopened.receipt.lastGroup == core.receipt.lastGroup)
        try livesOn(reopened, harness.files, retired)
    }

    /// Appends, rotates, recycles and reopens.
    private func livesOn(
        _ core: LogCore, _ files: MemoryFileSystem, _ content: LogContent
    ) throws {
        var model = content
        for size in [10, 40_000, 40_000, 20] {
            try core.prepareSegments()
            let parts = [StreamAppend(to: "later", [Event(type: "L", payload: bytes(size))])]
            let batch = try MeasuredBatch(
                MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
            guard case .staged = core.stage(batch, version: { _, _ in }) else {
                Issue.record("no room to live on")
                return
            }
            try core.commit(at: 5)
            model.add(parts)
        }
        core.closeFiles()
        #expect(try openCore(files).content() == model)
    }

    @Test("a place that only a loss explains is not looked for where nothing was retired")
    func misplacedStart() throws {
        let harness = try harness()
        let layout = harness.core.layout
        // All of the first segment but its last frame is gone.
        harness.files.edit(harness.core.segments[0].path) { bytes in
            for at in layout.framesOffset..<layout.segmentBytes - layout.blockBytes {
                bytes[at] = 0
            }
        }
        #expect(throws: LogError.self) { try openCore(harness.files) }
    }
}
