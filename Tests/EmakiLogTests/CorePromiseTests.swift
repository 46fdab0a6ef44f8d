import EmakiPlatform
import Testing

@testable import EmakiLog

/// Promises that are about what the log does to the disk, rather than about what it answers.
@Suite struct CorePromiseTests {
    @Test("opening syncs both folders and every segment before it reads one of them")
    func syncsBeforeReading() throws {
        let harness = try CoreHarness()
        try harness.core.prepareSegments()
        for _ in 0..<3 { try harness.append(to: "a", [bytes(30_000)]) }
        harness.core.closeFiles()
        let paths = harness.core.segments.map(\.path)
        try #require(paths.count >= 3)
        harness.files.keepsLog = true
        _ = try openCore(harness.files)
        let log = harness.files.log
        let firstRead = try #require(
            log.firstIndex { line in paths.contains { line == "read \($0)" } })
        for wanted in paths.map({ "sync \($0)" }) + ["syncFolder wal", "syncFolder "] {
            let place = try #require(log.firstIndex(of: wanted), "\(wanted)")
            #expect(place < firstRead, "\(wanted)")
        }
        for path in paths {
            let dropped = try #require(log.firstIndex(of: "dropCache \(path)"))
            let read = try #require(log.firstIndex(of: "read \(path)"))
            #expect(dropped < read, "the cache may hold what the device does not")
        }
    }

    @Test("a read-only open syncs and writes nothing, and its receipt says so")
    func readOnlyChangesNothing() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        harness.core.closeFiles()
        let before = harness.files.contents
        harness.files.resetCounts()
        let core = try openCore(harness.files, .readOnly())
        #expect(core.receipt.isReadOnly)
        #expect(harness.files.changeCount == 0)
        #expect(harness.files.contents == before)
    }

    @Test("no frame, mark or slot write touches a block that holds an acknowledged frame")
    func blocksAreWrittenOnce() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try core.prepareSegments()
        var held: [UInt64: [Range<Int>]] = [:]
        var writeCount = 0
        /// `frameEnd`: a mark's write goes on behind its frame.
        func perform(_ write: GroupWrite, frameEnd: Int, isFrame: Bool = true) throws {
            let number = write.segment.number
            for range in held[number, default: []] {
                #expect(!range.overlaps(write.range), "\(write.range) over \(range)")
            }
            try write.perform()
            core.finish(write)
            if isFrame { held[number, default: []].append(write.range.lowerBound..<frameEnd) }
            writeCount += 1
        }
        let block = core.layout.blockBytes
        for round in 0..<200 {
            let size = round % 7 == 0 ? 20_000 : round * 37 % 9000
            let event = Event(type: "T", payload: bytes(size))
            while case .wait = try harness.outcome(of: [StreamAppend(to: "a", [event])]) {
                try core.prepareSegments()
            }
            let write = core.beginGroup(at: Int64(round))
            try perform(write, frameEnd: write.range.upperBound)
            guard round % 3 == 0 else { continue }
            let (frame, marked) = core.beginMark(isClosing: false, at: Int64(round))
            if let frame { try perform(frame, frameEnd: frame.range.lowerBound + block) }
            try perform(core.beginSlot(marked), frameEnd: 0, isFrame: false)
        }
        #expect(writeCount > 300)
        #expect(held.count > 3, "the log went through several segments")
    }

    @Test("a recycled segment shows nothing of its earlier lives, wherever the new one stops")
    func earlierLivesStayHidden() throws {
        let harness = try CoreHarness(configuration: oneReady())
        try harness.core.prepareSegments()
        var lives: Set<Bits128> = []
        for round in 0..<12 {
            try harness.append(to: "a", [bytes(24_000, seed: round)])
            try harness.core.prepareSegments()
            let active = harness.core.active
            lives.insert(active.identity.incarnation)
            if active.number > 1 { try harness.retire(upTo: active.number - 1) }
            // Stopped here, with what the earlier lives left behind the last frame.
            let core = try openCore(harness.files.clone(), oneReady())
            #expect(try core.content() == harness.model, "after round \(round)")
            core.closeFiles()
        }
        #expect(lives.count == Int(harness.core.active.number), "each life has its own incarnation")
        let files = harness.files.filePaths.filter { $0.hasPrefix("wal/") }
        #expect(files.count < lives.count, "files were used again")
    }

    private func oneReady() -> Configuration {
        var configuration = Configuration()
        configuration.readySegmentCount = 1
        return configuration
    }
}
