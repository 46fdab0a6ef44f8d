import EmakiLog
import EmakiPlatform
import EmakiSimulation
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// The checkpoint of a projection: whole, damaged, of another store, and of another past.
@Suite struct ProjectionFileTests {
    /// Reads bytes as a file.
    private struct Bytes: CheckpointReading {
        var rest: ArraySlice<UInt8>
        init(_ bytes: [UInt8]) { rest = bytes[...] }
        var left: Int { rest.count }
        mutating func next(_ byteCount: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(byteCount) }
            return Array(rest.prefix(byteCount))
        }
    }

    private static let head = ProjectionHead(
        storeID: "this store", end: 77, witness: 5, lossDigest: 6, removalDigest: 7)

    /// One with something of everything.
    private func sample(runs: Int) -> Projection {
        var random = SeededRandom(seed: 11)
        var projection = Projection()
        for name in ["Transfer", "", "Приход"] { _ = projection.type(name) }
        for number in 0..<runs {
            var run = OpenRun()
            run.startedAt = Int64.random(in: 0...1 << 60, using: &random)
            run.updatedAt = run.startedAt + Int64.random(in: 0...1_000_000, using: &random)
            run.eventCount = UInt32.random(in: 1...1_000_000, using: &random)
            run.type = UInt32(number % 3)
            if number % 2 == 0 { run.deadline = run.startedAt + 5 }
            if number % 5 == 0 { run.startsAt = run.startedAt + 1 }
            run.steps = number % 7 == 0 ? 3 : 0
            run.children = number % 11 == 0 ? 1 : 0
            run.messages = number % 13 == 0 ? 2 : 0
            run.unseen = number % 3 == 0 ? 1 : 0
            run.stuck = number % 17 == 0 ? 1 : 0
            run.pause = number % 4 == 0 ? .quarantined : .none
            run.isInDoubt = number % 19 == 0
            if number % 3 != 0 {
                run.timerID = 9
                run.timerAt = 1_700_000_000_000_000_000
            }
            let inserted = "order-\(number)".withUTF8Span { id in
                "0123456789abcdef0123456789abcdef".withUTF8Span {
                    projection.runs.insert(id, $0, run, labels: Self.labels(number))
                }
            }
            if number % 23 == 4, let inserted {
                projection.unbegun[inserted] = run.eventCount + UInt32(number % 2)
            }
            guard number % 6 == 1, let inserted else { continue }
            projection.moreTimers[inserted] = [10: 10, 11: 11, 12: 12]
        }
        for number in 0..<runs {
            let run = EndedRun(
                version: .random(in: 2...1 << 50, using: &random),
                runHash: .random(in: 0 ... .max, using: &random), type: UInt32(number % 3),
                outcome: UInt8(number % 5 + 1))
            "done-\(number)".withUTF8Span {
                projection.ended.ended($0, run, labels: Self.labels(number))
            }
        }
        projection.debts = ["order-1/r", "order-2/r"]
        projection.endings = [
            .init(type: 0, outcome: 1): 7, .init(type: 1, outcome: 2): 1 << 40,
        ]
        projection.newestTime = 123
        projection.end = Self.head.end
        return projection
    }

    private static func labels(_ number: Int) -> [RunLabel]? {
        if number % 29 == 3 { return nil }
        return (0..<UInt32(number % 4)).map { RunLabel(rawValue: $0 &* 0x9E37_79B9) }
    }

    /// What another process reads of one that was written.
    static func read(_ projection: Projection, endedMost: Int) throws -> Projection? {
        var decoder = ProjectionDecoder(Bytes(encoded(projection)), endedMost: endedMost)
        return try decoder.decode { $0.storeID == head.storeID }
    }

    private static func encoded(_ projection: Projection) -> [UInt8] {
        var encoder = ProjectionEncoder(projection, head, fileNumber: 0x1234_5678)
        var bytes: [UInt8] = []
        while let piece = encoder.next() { bytes += piece }
        return bytes
    }

    private func decoded(_ bytes: [UInt8]) throws -> Projection? {
        var decoder = ProjectionDecoder(Bytes(bytes))
        return try decoder.decode { $0 == Self.head }
    }

    @Test("what is read is what was written", arguments: [0, 1, 5_000])
    func roundTrip(runs: Int) throws {
        let projection = sample(runs: runs)
        let read = try #require(try decoded(Self.encoded(projection)))
        #expect(ProjectionTruth(read) == ProjectionTruth(projection))
        #expect(read.unbegun.values.sorted() == projection.unbegun.values.sorted())
        #expect(read.end == Self.head.end && read.runs.count == runs)
        #expect(endedRuns(read) == endedRuns(projection) && read.ended.table.count == runs)
        // What is found by its name is what was put in under it.
        for number in 0..<runs {
            let found = "order-\(number)".withUTF8Span { read.runs.find($0) { _ in true } }
            #expect(found.map { read.runs[$0].type } == UInt32(number % 3))
            #expect(found.map { read.runs.labels($0) } == .some(Self.labels(number)))
        }
    }

    private struct Ended: Equatable {
        var run: EndedRun
        var labels: [RunLabel]?
    }

    private func endedRuns(_ projection: Projection) -> [String: Ended] {
        var runs: [String: Ended] = [:]
        projection.ended.table.forEach { number, run, id, _ in
            runs[String(validating: id) ?? ""] = Ended(
                run: run, labels: projection.ended.table.labels(number))
        }
        return runs
    }

    @Test("no byte of a checkpoint can be another, none can be missing, and none can follow")
    func everyByte() throws {
        let bytes = Self.encoded(sample(runs: 40))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            expectDamage(damaged, "flipped at \(index)")
            expectDamage(Array(bytes[..<index]), "cut at \(index)")
        }
        let pieces = split(bytes)
        for index in 1..<pieces.count - 1 {
            var swapped = wholePieces(bytes)
            swapped.swapAt(index, index + 1)
            expectDamage(swapped.flatMap(\.self), "the pieces behind \(index) swapped")
            swapped.remove(at: index)
            expectDamage(swapped.flatMap(\.self), "one piece left out at \(index)")
        }
        expectDamage(bytes + [0], "one more")
        expectDamage(bytes + bytes, "twice")
    }

    /// - Returns: nothing that can be used.
    private func expectDamage(_ bytes: [UInt8], _ comment: Comment) {
        do {
            #expect(try decoded(bytes) == nil, comment)
        } catch {
            #expect(error is ProjectionDecoder.Damage, comment)
        }
    }

    @Test("pieces with sums that hold and contents that make no sense are refused, or harmless")
    func senseless() throws {
        let bytes = Self.encoded(sample(runs: 30))
        var random = SeededRandom(seed: 5)
        var refused = 0
        for _ in 0..<20_000 {
            var pieces = split(bytes)
            let index = Int.random(in: pieces.indices, using: &random)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<pieces[index].count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: pieces[index][place] = .random(in: 0...255, using: &random)
                case 1: pieces[index].removeSubrange(place...)
                default: pieces[index].insert(.random(in: 0...255, using: &random), at: place)
                }
                if pieces[index].isEmpty { break }
            }
            do {
                let projection = try decoded(joined(pieces))
                // Whatever it says can be looked at.
                _ = projection?.findings(at: 5) { _ in false }
                _ = projection?.workflows(.ended, after: nil, limit: 10)
                _ = projection?.endedCounts(.ended)
            } catch {
                #expect(error is ProjectionDecoder.Damage)
                refused += 1
            }
        }
        #expect(refused > 10_000)
    }

    @Test("numbers at their limits trap nowhere, and what cannot have been counted is refused")
    func limits() throws {
        var projection = sample(runs: 1)
        projection.runs[0].startedAt = .min
        projection.runs[0].updatedAt = .max
        projection.runs[0].steps = .max
        projection.runs[0].unseen = .max
        let read = try #require(try decoded(Self.encoded(projection)))
        #expect(read.runs[0].startedAt == .min && read.runs[0].steps == .max)
        var run = read.runs[0]
        let scheduled = HistoryEvent(
            id: Int(run.eventCount) + 1, time: 1, commandCount: nil,
            body: .stepScheduled(
                StepSchedule(
                    key: "a", kind: .activity, name: "a",
                    options: ActivityOptions(startToClose: .seconds(1)),
                    inputHash: 0, input: .empty)))
        let glance = scheduled.stored().metadata.withRawSpan { HistoryGlance($0) }
        let isOpen = run.apply(try #require(glance))
        #expect(isOpen && run.steps == .max)
        for count in [Int.max, Int.min, 1 << 48] {
            projection.endings = [.init(type: 0, outcome: 1): count]
            #expect(throws: ProjectionDecoder.Damage.self) { try decoded(Self.encoded(projection)) }
        }
    }

    @Test("a run with very many timers is written in pieces that can be read, or as one in doubt")
    func manyTimers() throws {
        for count in [100_000, ProjectionFile.timersMax + 1] {
            var projection = sample(runs: 3)
            let all = (1...UInt32(count)).map { ($0, Int64($0)) }
            projection.moreTimers[1] = Dictionary(uniqueKeysWithValues: all)
            let read = try #require(try decoded(Self.encoded(projection)))
            let isKept = count <= ProjectionFile.timersMax
            #expect((read.moreTimers[1]?.count ?? 0) + 1 == (isKept ? count : 1))
            #expect(read.runs[1].isInDoubt == !isKept)
        }
    }

    private func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var offset = 0
        while offset < bytes.count {
            let count = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            pieces.append(Array(bytes[offset + 8..<offset + 8 + count]))
            offset += 8 + count
        }
        return pieces
    }

    /// With their lengths and checksums.
    private func wholePieces(_ bytes: [UInt8]) -> [[UInt8]] {
        var offset = 0
        return split(bytes).map { content in
            defer { offset += ProjectionPiece.headBytes + content.count }
            return Array(bytes[offset..<offset + ProjectionPiece.headBytes + content.count])
        }
    }

    private func joined(_ pieces: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, content) in pieces.enumerated() {
            bytes.append(number: UInt32(content.count))
            bytes.append(
                number: ProjectionPiece.checksum(
                    content, piece: UInt32(index), file: index == 0 ? 0 : 0x1234_5678))
            bytes += content
        }
        return bytes
    }

    // MARK: On a store

    private struct Site {
        let folder: TemporaryFolder
        var file: URL { folder.url.appending(path: "store/" + ProjectionFile.name) }
        var store: URL { folder.url.appending(path: "store") }

        init() throws { folder = try TemporaryFolder() }

        /// One process: starts sleepers, and looks what the projection says.
        func live(
            _ ids: [String], eventsMin: UInt64? = 1, endedMost: Int = Projection.remembered,
            _ body: (EventLogStore, WorkflowEngine) async throws -> Void = { _, _ in }
        ) async throws {
            let log = try await EventLog.open(
                at: store.path, .creating(StoreOptions(segmentBytes: 1 << 20)))
            let engine = try await makeEngine(
                [Wanderer.self], on: EventLogStore(log), clock: SkippingClock(skips: false),
                projectionEventsMin: eventsMin, endedMost: endedMost)
            for id in ids { try await engine.start(Wanderer.self, id: id, 0) }
            try await body(EventLogStore(log), engine)
            engine.close()
            await log.close()
        }

        /// How much of the log is behind the checkpoint.
        func positionsBehind() async throws -> UInt64 {
            let log = try await EventLog.open(at: store.path)
            let keeper = ProjectionKeeper(
                EventLogStore(log), observer: ObserverGroup(members: []), writesCheckpoints: false,
                eventsMin: .max)
            let count = try await #require(keeper?.prepare())
            keeper?.close()
            await log.close()
            return count
        }

        /// What an engine that opens the store takes for true is what is.
        func expectTruth(_ comment: Comment? = nil) async throws {
            try await live([], eventsMin: .max) { _, engine in
                try await checkProjection(of: engine, comment)
            }
        }
    }

    private func names(_ prefix: String, _ count: Int) -> [String] {
        (0..<count).map { "\(prefix)-\($0)" }
    }

    @Test("a checkpoint that is missing, damaged, cut or another store's is not missed")
    func unusable() async throws {
        let site = try Site()
        try await site.live(names("first", 30))
        try await site.expectTruth("whole")
        let bytes = try Data(contentsOf: site.file)
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        try damaged.write(to: site.file)
        try await site.expectTruth("damaged")
        try bytes.prefix(100).write(to: site.file)
        try await site.expectTruth("cut")
        try Data().write(to: site.file)
        try await site.expectTruth("empty")
        try FileManager.default.removeItem(at: site.file)
        try await site.expectTruth("missing")
        let other = try Site()
        try await other.live(names("other", 30))
        try FileManager.default.copyItem(at: other.file, to: site.file)
        try await site.expectTruth("another store's")
    }

    @Test("a log that was put back to what it was is read anew, also once it is longer than before")
    func putBack() async throws {
        let site = try Site()
        let files = FileManager.default
        try await site.live(names("first", 30))
        let copy = site.folder.url.appending(path: "copy")
        try files.copyItem(at: site.store, to: copy)
        try await site.live(names("lost", 30))
        let ahead = try Data(contentsOf: site.file)
        try files.removeItem(at: site.store)
        try files.copyItem(at: copy, to: site.store)
        try ahead.write(to: site.file)
        try await site.expectTruth("ahead of the log")
        // Nobody writes a checkpoint of this other past.
        try await site.live(names("new", 60), eventsMin: .max)
        try ahead.write(to: site.file)
        try await site.expectTruth("within another past")
    }

    @Test(
        "streams that were removed, by the log's own means, are not open runs any more",
        arguments: [false, true])
    func removed(isSealed: Bool) async throws {
        let site = try Site()
        try await site.live(names("first", 30))
        let log = try await EventLog.open(at: site.store.path)
        if isSealed { try await log.seal(all: true) }
        for stream in try log.streams() where stream.stream.text.contains("first-7") {
            try await log.delete(stream.stream)
        }
        await log.close()
        try await site.expectTruth()
    }

    @Test("a checkpoint is used: what is behind it is all that is read")
    func isUsed() async throws {
        let site = try Site()
        try await site.live(names("first", 30))
        #expect(try await site.positionsBehind() == 0)
        try await site.live(["one more"], eventsMin: .max)
        #expect(try await site.positionsBehind() == 2)
        try FileManager.default.removeItem(at: site.file)
        #expect(try await site.positionsBehind() == 62)
    }

    @Test("an engine without code, and a log opened for reading, write no checkpoint")
    func onlyLooks() async throws {
        let site = try Site()
        try await site.live(names("first", 30), eventsMin: .max)
        for configuration in [Configuration(), .readOnly()] {
            let log = try await EventLog.open(at: site.store.path, configuration)
            var options = EngineOptions()
            options.executesCode = false
            options.projectionEventsMin = 1
            let engine = try await WorkflowEngine(
                store: EventLogStore(log), definitions: [], options: options)
            #expect(await engine.core.projection?.ask { $0.runs.count } == 30)
            engine.close()
            await log.close()
            #expect(!FileManager.default.fileExists(atPath: site.file.path))
        }
    }

    @Test("how runs ended is told, or counted anew, once some that had ended were removed")
    func removedEndings() async throws {
        let site = try Site()
        try await site.live(names("first", 5)) { _, engine in
            for name in names("first", 5) {
                let handle = engine.handle(Wanderer.self, id: name)
                try await handle.signal(Wanderer.go, 6)
                #expect(try await handle.result() == 6)
            }
        }
        let log = try await EventLog.open(at: site.store.path)
        for stream in try log.streams() where stream.stream.text.contains("first-3") {
            try await log.delete(stream.stream)
        }
        await log.close()
        try await site.live([], eventsMin: .max) { _, engine in
            let projection = try #require(engine.core.projection)
            let counts = await projection.ask(needsEndings: true) { $0.endedCounts(.ended) }
            #expect(counts == [.completed: 4])
        }
        try await site.live([], eventsMin: .max, endedMost: 0) { _, engine in
            let projection = try #require(engine.core.projection)
            let first = await projection.ask(needsEndings: true) { $0.endedCounts(.ended) }
            #expect(first == .some(nil))
            while await projection.ask({ $0.endedCounts(.ended) }) == .some(nil) {
                await Task.yield()
            }
            let counts = await projection.ask { $0.endedCounts(.ended) }
            #expect(counts == [.completed: 4])
        }
    }

    @Test("an engine that may keep more than the one before uses its checkpoint, and reads")
    func moreThanBefore() async throws {
        let site = try Site()
        try await site.live(names("sleeper", 5), endedMost: 0) { _, engine in
            for name in names("done", 3) {
                let handle = try await engine.start(Wanderer.self, id: name, 0)
                try await handle.signal(Wanderer.go, 6)
                #expect(try await handle.result() == 6)
            }
        }
        #expect(try await site.positionsBehind() == 0)
        try await site.live([], eventsMin: .max) { _, engine in
            let projection = try #require(engine.core.projection)
            #expect(await projection.ask { $0.runs.count } == 5)
            while await projection.ask({ $0.knowsEnded }) != true { await Task.yield() }
            #expect(await projection.ask { $0.endedCounts(.ended) } == [.completed: 3])
            #expect(await projection.ask { $0.runs.count } == 5)
        }
    }

    @Test("a power cut at any call to the disk leaves a checkpoint that holds, or none")
    func powerCut() async throws {
        let empty = SimulatedDisk(seed: 4)
        for call in stride(from: 1, to: 400, by: TestExtent.isLong ? 1 : 6) {
            let disk = empty.copy()
            for life in 0..<2 {
                if life == 0 { disk.cutPower(afterCalls: call) }
                guard let log = try? await disk.open() else {
                    disk.restorePower()
                    continue
                }
                let store = EventLogStore(log)
                let clock = SkippingClock(skips: false)
                let engine = try? await makeEngine([Wanderer.self], on: store, clock: clock)
                for number in 0..<12 {
                    let id = "life-\(life)-\(number)"
                    guard (try? await engine?.start(Wanderer.self, id: id, 0)) != nil else { break }
                }
                engine?.close()
                await log.close()
                disk.restorePower()
            }
            let log = try await disk.open()
            let store = EventLogStore(log)
            let engine = try await makeEngine([Wanderer.self], on: store)
            try await checkProjection(of: engine, "cut at call \(call)")
            engine.close()
            await log.close()
        }
    }
}
