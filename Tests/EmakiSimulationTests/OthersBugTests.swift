import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

/// Bugs that other logs had, each tried here: `Docs/bugs-of-others.md` names the test of each one.
@Suite struct OthersBugTests {
    private static func open(
        _ disk: SimulatedFileSystem, _ configuration: Configuration = .init()
    ) throws(LogError) -> LogCore {
        try LogCore.open(in: disk, configuration: configuration, entropy: ScriptEntropy(seed: 3))
    }

    /// Damages a store in each of many ways; each must be refused with the damaged file.
    private static func expectRefused(
        _ store: SweepStore, _ path: String, _ range: Range<Int>,
        _ damage: (inout PagedBytes) -> Void
    ) {
        var state = store.state
        state.edit(path, damage)
        let outcome = store.outcome(of: state, in: path, [range])
        #expect(
            outcome == .refused(file: path),
            "\(store.ending), blocks of \(store.blockBytes), \(path) \(range)")
    }

    // MARK: Checksums

    @Test("words of a frame that change places are found out, which a sum or an XOR misses")
    func reorderedWords() throws {
        let store = try SweepStore(.closed, blockBytes: 512)
        var swapCount = 0
        for group in store.groups {
            let bytes = try #require(store.files.first { $0.path == group.place.path }).bytes
            let starts = Array(stride(from: group.place.range.lowerBound, to: bytes.count, by: 8))
                .prefix { $0 + 16 <= min(group.place.range.upperBound, bytes.count) }
            for start in starts {
                let words = (Array(bytes[start..<start + 8]), Array(bytes[start + 8..<start + 16]))
                guard words.0 != words.1 else { continue }
                swapCount += 1
                Self.expectRefused(store, group.place.path, start..<start + 16) {
                    $0.write(words.1 + words.0, at: start)
                }
            }
        }
        #expect(swapCount > 100)
    }

    @Test("a zeroed word of a frame's header is damage and no clean end of the log")
    func zeroedWord() throws {
        var count = 0
        for ending in [SweepEnding.closed, .idle] {
            let store = try SweepStore(ending, blockBytes: 512)
            for group in store.groups {
                let bytes = try #require(store.files.first { $0.path == group.place.path }).bytes
                let first = group.place.range.lowerBound
                for start in stride(from: first, to: first + 96, by: 8)
                where bytes[start..<start + 8].contains(where: { $0 != 0 }) {
                    count += 1
                    Self.expectRefused(store, group.place.path, start..<start + 8) {
                        $0.zero(start..<start + 8)
                    }
                }
            }
        }
        #expect(count > 50)
    }

    // MARK: Ends

    @Test("a log that was cut off at the boundary of a frame is missed, and does not end there")
    func cutAtBoundary() throws {
        for ending in [SweepEnding.closed, .idle] {
            for blockBytes in [512, 4096] {
                let store = try SweepStore(ending, blockBytes: blockBytes)
                for group in store.groups {
                    let path = group.place.path
                    let bytes = try #require(store.files.first { $0.path == path }).bytes
                    let range = group.place.range.lowerBound..<bytes.count
                    // The frames up to the end of the file are gone as if they had never been.
                    // Zeros look as if the log had gone on in the next file: that is named then.
                    var state = store.state
                    state.edit(path) { $0.zero(range) }
                    guard case .refused = store.outcome(of: state, in: path, [range]) else {
                        Issue.record("\(ending), blocks of \(blockBytes): \(path) \(range)")
                        continue
                    }
                    Self.expectRefused(store, path, range) { $0.resize(to: range.lowerBound) }
                }
            }
        }
    }

    @Test("each of several full segments is checked at opening, the last but one too")
    func everySegment() throws {
        let part = ["prepare", "append a 1x100", "fill 0", "write"]
        let lines = ["prepare"] + part + part + part + part + ["append a 1x100", "idle"]
        let driver = try Driver(try Script(lines.joined(separator: "\n")))
        try driver.runSteps()
        driver.core?.closeFiles()
        let paths = Set(driver.groups.map(\.place.path))
        #expect(paths.count >= 4)
        for group in driver.groups {
            let damaged = driver.disk.clone()
            try damaged.damage(
                group.place.path, .flipBit(offset: group.place.range.lowerBound + 70, bit: 2))
            do throws(LogError) {
                try Self.open(damaged).closeFiles()
                Issue.record("\(group.place.path) was not checked")
            } catch {
                guard case .corrupt(let corruption) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(corruption.file == group.place.path)
            }
        }
    }

    // MARK: Options

    static let configurations: [Configuration] = {
        var all = [Configuration()]
        func add(_ change: (inout Configuration) -> Void) {
            var configuration = Configuration()
            change(&configuration)
            all.append(configuration)
        }
        add { $0.readySegmentCount = 1 }
        add { $0.readySegmentCount = 16 }
        add { $0.idleMarkDelay = .seconds(3600) }
        add { $0.groupBytesMax = 4096 }
        add { $0.pendingEventsMax = 1 }
        add { $0.gatherLimit = .nanoseconds(1) }
        return all
    }()

    @Test("no option of an opening switches the detection off, of the writer's or the reader's")
    func everyConfiguration() async throws {
        for writer in Self.configurations {
            let disk = SimulatedFileSystem(seed: 1)
            var creating = writer
            creating.createIfMissing = StoreOptions(segmentBytes: 128 << 10)
            let log = try EventLog.open(
                in: SimulatedMachine(disk), creating, entropy: ScriptEntropy(seed: 1))
            for number in 0..<4 {
                try await log.append(Event(type: "T", text: "text \(number)"), to: "a")
            }
            await log.close()
            // The bytes of one event after the other, the last one too: closing marked the end.
            for number in 0..<4 {
                let damaged = disk.clone()
                let (path, offset) = try #require(Self.find("text \(number)", on: damaged))
                try damaged.damage(path, .flipBit(offset: offset, bit: 0))
                for reader in Self.configurations {
                    do throws(LogError) {
                        try Self.open(damaged.clone(), reader).closeFiles()
                        Issue.record("\(writer) wrote, \(reader) read, event \(number) is gone")
                    } catch {
                        guard case .corrupt = error else {
                            Issue.record("\(error)")
                            continue
                        }
                    }
                }
            }
        }
    }

    private static func find(_ text: String, on disk: SimulatedFileSystem) -> (String, Int)? {
        let wanted = Array(text.utf8)
        for (path, entry) in disk.contents().visible {
            guard case .file(let file) = entry else { continue }
            let bytes = file.bytes
            guard let last = wanted.last else { return nil }
            for end in bytes.indices where bytes[end] == last && end + 1 >= wanted.count {
                let start = end + 1 - wanted.count
                if Array(bytes[start...end]) == wanted { return (path, start) }
            }
        }
        return nil
    }

    // MARK: A full disk

    @Test("on a full disk a log opens, takes what its segment holds, marks, closes, opens again")
    func fullDisk() throws {
        let lines = [
            "append a 1x10", "fault full-disk at 1", "reopen", "append a 1x10", "idle", "close",
            "reopen", "append a 1x10", "crash at 0 drop", "append a 1x10", "kill at 0",
            "append a 1x10", "close", "read",
        ]
        let report = try Driver.run(try Script(lines.joined(separator: "\n")))
        #expect(report.violation == nil)
        #expect(report.counts.acknowledged == 5)
        #expect(report.counts.refusals == 0)
    }

    // MARK: Torn ends

    @Test("what is appended behind a torn frame is there at the next opening, and at each after it")
    func behindTornFrame() throws {
        var counts = RunCounts()
        for seed in 0..<40 {
            let lines = [
                "append a 1x100", "crash at 1 torn \(seed)", "append b 1x3000", "append a 1x700",
                "crash at 1 torn \(seed + 100)", "append b 1x9000", "append a 1x50",
                "crash at 0 drop", "append a 1x20", "reopen", "read",
            ]
            let report = try Driver.run(try Script(lines.joined(separator: "\n")))
            #expect(report.violation == nil, "seed \(seed)")
            counts += report.counts
        }
        #expect(counts.tornCuts > 10)
        #expect(counts.acknowledged >= 160)
    }
}
