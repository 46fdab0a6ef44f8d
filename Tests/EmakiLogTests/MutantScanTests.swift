import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Where a scan looks for frames, and where it does not; and how much of a segment is read that the
/// device does not give.
@Suite struct MutantScanTests {
    /// One group, whose frame was written two blocks behind the place that it would have had.
    private func movedFrame() throws -> (harness: CoreHarness, place: Int) {
        let harness = try CoreHarness(blockBytes: 512, seed: 61)
        let core = harness.core
        let start = core.gathering.start
        try harness.append(to: "a", [[1]])
        let image = core.active.image
        guard
            case .whole(var header, _) = FrameHeader.find(
                in: image, at: start, of: core.active.identity, layout: core.layout)
        else { throw HarnessError.inconsistent("no frame at \(start)") }
        let place = start + 2 * 512
        let block = image.withBytes(in: start..<start + 512) { $0.copyToArray() }
        block.withRawSpan { image.copy($0, at: place) }
        image.zero(start..<start + 512)
        header.fileOffset = UInt64(place)
        _ = header.encode(into: image, at: place)
        return (harness, place)
    }

    private func scan(_ core: LogCore) -> LogScan {
        LogScan(
            core.segments, from: core.manifest.anchor, hasRetired: true, layout: core.layout,
            stepsOverDamage: false)
    }

    @Test("behind a loss the log goes on with the frame that links to it, wherever it lies")
    func linkedFrames() throws {
        let (harness, place) = try movedFrame()
        let core = harness.core
        var scan = scan(core)
        try scan.readLinkedFrames()
        let (count, end, next) = (scan.eventCount, scan.end, scan.place)
        #expect(count == 1)
        #expect(end.lastGroup == core.end.lastGroup)
        #expect(next == LogScan.Place(segment: 0, offset: place + 512))
    }

    @Test("a scan that is to end where it starts looks no further: what follows may be written now")
    func nothingToRead() throws {
        let (harness, _) = try movedFrame()
        let core = harness.core
        var scan = scan(core)
        try scan.readLinkedFrames(before: 1, through: core.manifest.anchor.lastGroup)
        let (count, end, next) = (scan.frameCount, scan.end, scan.place)
        #expect(count == 0)
        #expect(end == core.manifest.anchor)
        #expect(next == LogScan.Place(segment: 0, offset: core.layout.framesOffset))
    }

    @Test("a log that goes on in a later segment of those that are asked for is read up to there")
    func laterSegments() throws {
        let harness = try CoreHarness(seed: 62)
        let core = harness.core
        for number in 0..<3 {
            try core.prepareSegments()
            try harness.append(to: "a", [[UInt8(number)]])
            if number < 2 { #expect(core.leaveSegment(core.activeNumber)) }
        }
        for count in 1...3 {
            var scan = scan(core)
            try scan.readLinkedFrames(before: count)
            let (read, last) = (scan.eventCount, scan.place.segment)
            #expect(read == count)
            #expect(last == count - 1)
            // Fewer than it has passed: there is nothing to look at, and it stays where it is.
            try scan.readLinkedFrames(before: 0)
            let (readStill, lastStill) = (scan.eventCount, scan.place.segment)
            #expect(readStill == count)
            #expect(lastStill == count - 1)
        }
    }

    @Test("a later frame that claims an earlier position ends the log, and does not continue it")
    func earlierPosition() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 63)
        let core = harness.core
        var starts: [Int] = []
        for number in 1...4 {
            starts.append(core.gathering.start)
            try harness.append(to: "a", [[UInt8(number)]])
        }
        let image = core.active.image
        guard
            case .whole(var header, _) = FrameHeader.find(
                in: image, at: starts[3], of: core.active.identity, layout: core.layout)
        else { throw HarnessError.inconsistent("no frame") }
        header.firstPosition = .start
        header.watermark = .start
        _ = header.encode(into: image, at: starts[3])
        image.zero(starts[2]..<starts[3])
        harness.files[core.active.path] = image.withBytes(in: 0..<image.byteCount) {
            $0.copyToArray()
        }
        core.closeFiles()
        #expect(throws: LogError.self) { try openCore(harness.files.clone()) }
        let opened = try openCore(harness.files, .readOnly(toleratingDamage: true))
        #expect(opened.receipt.end == .damaged)
        // The frame proves that there were four groups, and nothing else.
        #expect(opened.receipt.lastGroup == 4)
        #expect(try opened.versions(of: "a") == [1, 2])
    }

    @Test("a frame that lies in front of all frames tells of what is missing behind the last one")
    func frameInFront() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 65)
        let core = harness.core
        try harness.append(to: "a", [[1]])
        let start = core.gathering.start
        try harness.append(to: "a", [[2]])
        let path = core.active.path
        core.closeFiles()
        // Behind the first header and both slots, before the second header.
        harness.files.edit(path) { bytes in
            let frame = bytes[start..<start + 512]
            bytes.replaceSubrange(start..<start + 512, with: repeatElement(0, count: 512))
            bytes.replaceSubrange(8 * 512..<9 * 512, with: frame)
        }
        let error = #expect(throws: LogError.self) { try openCore(harness.files.clone()) }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == path && corruption.fileOffset == start)
        #expect(corruption.evidence.contains("group 2 at \(path):\(8 * 512)"))
    }

    @Test("no more can be lost behind a place than the segments from there on have room for")
    func lostBehind() throws {
        let harness = try CoreHarness(seed: 66)
        let core = harness.core
        for number in 0..<3 {
            try core.prepareSegments()
            try harness.append(to: "a", [[UInt8(number)]])
            if number < 2 { #expect(core.leaveSegment(core.activeNumber)) }
        }
        for count in 1...3 {
            let all = core.segments.prefix(3)
            var scan = LogScan(
                ContiguousArray(all), from: core.manifest.anchor, hasRetired: false,
                layout: core.layout, stepsOverDamage: true)
            try scan.readLinkedFrames(before: count)
            let end = scan.end
            // From the segment of the place on: all of them, two, or one.
            let bytesBehind = (all.count - count + 1) * core.layout.segmentBytes
            let behind = UInt64(bytesBehind / EventRecord.byteCountMin)
            for (lost, isPossible) in [(behind - 3, true), (behind + 1, false)] {
                let found = scan.lostCount(
                    upTo: LogEnd(
                        lastGroup: 9, nextPosition: Position(end.nextPosition.rawValue + lost),
                        frameChecksum: 1))
                #expect(found == (isPossible ? lost : nil), "\(count): \(lost)")
            }
        }
    }

    // MARK: Devices

    /// A disk that gives nothing of the first half of one file, and counts who asks for the rest.
    private final class HalfFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base: MemoryFileSystem
        let path: String
        let half: Int
        fileprivate(set) var failureCount = 0
        fileprivate(set) var restCount = 0

        init(_ base: MemoryFileSystem, _ path: String, half: Int) {
            self.base = base
            self.path = path
            self.half = half
        }

        func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
            let file = try base.open(path, mode)
            return path == self.path ? HalfFile(file, self) : file
        }
    }

    private final class HalfFile: ForwardingFile, @unchecked Sendable {
        let base: any File
        let owner: HalfFileSystem

        init(_ base: any File, _ owner: HalfFileSystem) {
            self.base = base
            self.owner = owner
        }

        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            guard fileOffset >= owner.half else {
                owner.failureCount += 1
                throw DiskError(.read, EIO)
            }
            owner.restCount += 1
            return try base.read(into: &bytes, at: fileOffset)
        }
    }

    @Test("of a segment with very many bad blocks the rest is not asked for: each may take long")
    func deadSegment() throws {
        let files = MemoryFileSystem()
        let entropy = SeededEntropy(seed: 64)
        let half = 4 << 20
        _ = try StoreCreation.lay(
            StoreOptions(segmentBytes: 2 * half), blockBytes: 512, method: .direct,
            rawLatency: 27_000, in: files, path: "memory", entropy: entropy, now: 1)
        let core = try LogCore.open(in: files, configuration: Configuration(), entropy: entropy)
        let path = core.active.path
        core.closeFiles()
        let disk = HalfFileSystem(files, path, half: half)
        let opened = try LogCore.open(
            in: disk, configuration: .readOnly(toleratingDamage: true), entropy: entropy)
        #expect(opened.receipt.end == .damaged)
        #expect(!opened.receipt.damages.isEmpty)
        // With all neighbours, and then one by one up to the limit.
        #expect(disk.failureCount == 1 + Limits.unreadableBlocksMax + 1)
        #expect(disk.restCount == 0)
    }
}
