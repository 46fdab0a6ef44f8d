import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// Every error that a caller can meet, with the store as it was.
@Suite struct EventLogErrorTests {
    // MARK: Places

    @Test("a place without a store, a foreign folder and a file are told apart")
    func places() async throws {
        let place = Place()
        await #expect(
            throws: LogError.notAStore(path: place.path, reason: "there is no STORE file")
        ) { try await EventLog.open(at: place.path) }
        #expect(!FileManager.default.fileExists(atPath: place.path))

        try FileManager.default.createDirectory(
            atPath: place.path, withIntermediateDirectories: false)
        try Data("mine".utf8).write(to: URL(filePath: place.path + "/notes.txt"))
        let before = try contentsOfFolder(place.path)
        await #expect(
            throws: LogError.notAStore(path: place.path, reason: "there is no STORE file")
        ) { try await EventLog.open(at: place.path) }
        await #expect(throws: LogError.alreadyExists(path: place.path)) {
            try await EventLog.create(at: place.path)
        }
        await #expect(throws: LogError.alreadyExists(path: place.path)) {
            try await EventLog.open(at: place.path, .creating())
        }
        #expect(try contentsOfFolder(place.path) == before)

        let file = place.path + "/notes.txt"
        await #expect(throws: LogError.notAStore(path: file, reason: "it is a file")) {
            try await EventLog.open(at: file, .creating())
        }
        await #expect(throws: LogError.alreadyExists(path: file)) {
            try await EventLog.create(at: file)
        }
        for path in [place.path, file] {
            let probe = await outcome { () async throws(LogError) in
                try await EventLog.probe(at: path)
            }
            let repair = await outcome { () async throws(LogError) in
                try await EventLog.repair(at: path)
            }
            for error in [probe.error, repair.error] {
                guard case .notAStore(path, _) = error else {
                    Issue.record("\(path): \(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("a second create is refused and changes nothing")
    func createTwice() async throws {
        let store = try ShellStore()
        let before = try store.contents()
        await #expect(throws: LogError.alreadyExists(path: store.path)) {
            try await EventLog.create(at: store.path)
        }
        #expect(try store.contents() == before)
    }

    @Test("a store of a newer format is refused by file and version")
    func newerFormat() async throws {
        let store = try ShellStore()
        try store.rewriteTwin("STORE") { memory, start in memory.store(UInt32(77), at: start + 12) }
        let before = try store.contents()
        await #expect(throws: LogError.unsupportedFormat(file: "STORE", version: 77)) {
            try await EventLog.open(at: store.path)
        }
        #expect(try store.contents() == before)
    }

    @Test("a damaged STORE is corrupt by name")
    func damagedStore() async throws {
        let store = try ShellStore()
        try Data(repeating: 0x5A, count: 8192).write(to: URL(filePath: store.path + "/STORE"))
        let error = await outcome { () async throws(LogError) in
            try await EventLog.open(at: store.path)
        }.error
        guard case .corrupt(let corruption) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(corruption.file == "STORE" && corruption.reason == .badHeader)
    }

    @Test("what the system refuses has its own errors", arguments: [EACCES, EROFS, ENOSPC, EIO])
    func systemRefusals(code: Int32) async throws {
        let store = try ShellStore()
        store.disk.failOpens(of: "STORE", code: code)
        let error = await outcome { () async throws(LogError) in try store.open() }.error
        switch code {
        case EACCES: #expect(error == .noPermission(path: "STORE"))
        case EROFS: #expect(error == .readOnly)
        case ENOSPC: #expect(error == .noSpace)
        default: #expect(error == .disk(file: "STORE", operation: "open", code: EIO))
        }
        store.disk.failOpens(of: "STORE", code: nil)
        // The failed open gave the lock back.
        await (try store.open()).close()
    }

    @Test("a folder without permission is named", .enabled(if: geteuid() != 0, "root may do all"))
    func noPermission() async throws {
        let store = try ShellStore()
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: store.path)
        defer {
            do {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o700], ofItemAtPath: store.path)
            } catch { Issue.record("\(error)") }
        }
        await #expect(throws: LogError.noPermission(path: store.path)) {
            try await EventLog.open(at: store.path)
        }
    }

    // MARK: Locks

    @Test("a store is open once in a process, for reading too, and for every command")
    func lockedHere() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let locked = LogError.locked(
            path: store.path, by: ProcessInfo.processInfo.processIdentifier)
        await #expect(throws: locked) { try await EventLog.open(at: store.path) }
        await #expect(throws: locked) { try await EventLog.open(at: store.path, .readOnly()) }
        await #expect(throws: locked) { try await EventLog.probe(at: store.path) }
        await #expect(throws: locked) { try await EventLog.repair(at: store.path) }
        await #expect(throws: LogError.self) { try await EventLog.create(at: store.path) }
        try await log.append(event(), to: "a")
        await log.close()
        await (try await EventLog.open(at: store.path)).close()
    }

    @Test("a store that another process holds is refused until that process ends")
    func lockedElsewhere() async throws {
        let store = try ShellStore()
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "flock", store.path + "/LOCK", "sh", "-c",
            "printf %s $$ > '\(store.path)/LOCK'; echo held; read line",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = await SystemThread.offload(name: "read") {
            output.fileHandleForReading.availableData
        }
        #expect(line == Data("held\n".utf8))
        let error = await outcome { () async throws(LogError) in
            try await EventLog.open(at: store.path)
        }.error
        guard case .locked(store.path, let holder?) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(holder != ProcessInfo.processInfo.processIdentifier)
        try input.fileHandleForWriting.close()
        await SystemThread.offload(name: "end") { process.waitUntilExit() }
        await (try store.open()).close()
    }

    // MARK: Arguments

    @Test("ids are 1 to 255 bytes of UTF-8")
    func ids() throws {
        #expect(throws: LogError.invalid(.emptyStreamID)) { try StreamID(String()) }
        #expect(throws: LogError.invalid(.emptyStreamID)) { try StreamID(utf8: []) }
        for bytes in [[0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            #expect(throws: LogError.invalid(.notUTF8)) { try StreamID(utf8: bytes) }
        }
        let limit = Limits.streamIDBytesMax
        for count in [1, limit - 1, limit] {
            #expect(try StreamID(utf8: [UInt8](repeating: 0x61, count: count)).text.count == count)
        }
        #expect(throws: LogError.tooLarge(.streamIDBytes, limit: limit, value: limit + 1)) {
            try StreamID(utf8: [UInt8](repeating: 0x61, count: limit + 1))
        }
        // 128 characters of two bytes.
        let wide = String(repeating: "é", count: 128)
        #expect(throws: LogError.tooLarge(.streamIDBytes, limit: limit, value: 256)) {
            try StreamID(wide)
        }
    }

    enum Sized: CaseIterable { case type, metadata, payload, batch, events, streams }

    @Test(
        "each size is taken at its limit and refused above it, by name", arguments: Sized.allCases)
    func sizes(_ sized: Sized) async throws {
        let isLarge = sized == .payload
        let store = try ShellStore(
            StoreOptions(segmentBytes: isLarge ? 64 << 20 : 8 << 20))
        if isLarge { store.disk.failSegments(code: ENOSPC) }
        let log = try store.open()
        let (name, limit) = Self.limit(sized, log)
        for count in [limit - 1, limit] {
            let batch = Self.batch(sized, count, log)
            let positions = try await log.append(batch).positions
            let eventCount = batch.reduce(0) { $0 + $1.events.count }
            #expect(positions.lowerBound.advanced(by: eventCount) == positions.upperBound)
        }
        let end = log.durablePosition
        let batch = Self.batch(sized, limit + 1, log)
        // Records are padded to eight bytes.
        let value = sized == .batch ? limit + 8 : limit + 1
        await #expect(throws: LogError.tooLarge(name, limit: limit, value: value)) {
            try await log.append(batch)
        }
        let blocking = await onThread { () throws(LogError) in try log.blocking.append(batch) }
        #expect(blocking.error == .tooLarge(name, limit: limit, value: value))
        if batch.count == 1 {
            #expect(throws: LogError.tooLarge(name, limit: limit, value: value)) {
                try log.reserve(batch[0].events, to: batch[0].stream)
            }
        }
        #expect(log.durablePosition == end && log.statistics.pendingEvents == 0)
        await log.close()
    }

    private static func limit(_ sized: Sized, _ log: EventLog) -> (LimitName, Int) {
        switch sized {
        case .type: (.typeBytes, Limits.typeBytesMax)
        case .metadata: (.metadataBytes, Limits.metadataBytesMax)
        case .payload: (.payloadBytes, Limits.payloadBytesMax)
        case .batch: (.batchBytes, log.store.batchBytesMax)
        case .events: (.eventsPerBatch, Limits.eventsPerBatchMax)
        case .streams: (.streamsPerBatch, Limits.streamsPerBatchMax)
        }
    }

    private static func batch(_ sized: Sized, _ count: Int, _ log: EventLog) -> [StreamAppend] {
        let bytes = [UInt8](repeating: 7, count: count)
        switch sized {
        case .type:
            return [StreamAppend(to: "a", [Event(type: String(repeating: "t", count: count))])]
        case .metadata: return [StreamAppend(to: "a", [Event(type: "t", metadata: bytes)])]
        case .payload: return [StreamAppend(to: "a", [Event(type: "t", payload: bytes)])]
        case .batch:
            let overhead =
                BatchFormat.headerBytes + SectionHeader.byteCount(streamIDBytes: 1)
                + EventRecord.headerBytes + 1
            return [
                StreamAppend(
                    to: "a",
                    [Event(type: "t", payload: [UInt8](repeating: 7, count: count - overhead))])
            ]
        case .events:
            return [StreamAppend(to: "a", [Event](repeating: Event(type: "t"), count: count))]
        case .streams:
            return (0..<count).map {
                StreamAppend(to: StreamID(stringLiteral: "s\($0)"), [Event(type: "t")])
            }
        }
    }

    @Test("batches that mean nothing are refused")
    func meaningless() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await #expect(throws: LogError.invalid(.emptyBatch)) { try await log.append([]) }
        await #expect(throws: LogError.invalid(.emptyBatch)) { try await log.append([], to: "a") }
        await #expect(throws: LogError.invalid(.emptyBatch)) {
            try await log.append([
                StreamAppend(to: "a", [event()]), StreamAppend(to: "b", []),
            ])
        }
        await #expect(throws: LogError.invalid(.emptyType)) {
            try await log.append(Event(type: ""), to: "a")
        }
        await #expect(throws: LogError.invalid(.duplicateStream("a"))) {
            try await log.append([
                StreamAppend(to: "a", [event()]), StreamAppend(to: "b", [event()]),
                StreamAppend(to: "a", [event()]),
            ])
        }
        #expect(try log.events().isEmpty)
        await log.close()
    }

    @Test("options that make no sense are refused by name")
    func options() async throws {
        let store = try ShellStore()
        let changes: [(String, @Sendable (inout Configuration) -> Void)] = [
            ("pendingEventsMax", { $0.pendingEventsMax = 0 }),
            ("groupBytesMax", { $0.groupBytesMax = 4095 }),
            ("readySegmentCount", { $0.readySegmentCount = 0 }),
            ("readySegmentCount", { $0.readySegmentCount = 17 }),
            ("idleMarkDelay", { $0.idleMarkDelay = .zero }),
            ("gatherLimit", { $0.gatherLimit = .nanoseconds(-1) }),
            ("toleratesDamage", { $0.toleratesDamage = true }),
        ]
        for (name, change) in changes {
            var configuration = Configuration()
            change(&configuration)
            let error = await outcome { () async throws(LogError) in
                try await EventLog.open(at: store.path, configuration)
            }.error
            guard case .invalid(.option(name, _)) = error else {
                Issue.record("\(name): \(String(describing: error))")
                continue
            }
        }
        await (try store.open()).close()
    }

    @Test(
        "store sizes outside their limits are refused and leave nothing behind",
        arguments: [
            StoreOptions(segmentBytes: 2 << 30), StoreOptions(segmentBytes: 100_000),
            StoreOptions(segmentBytes: 64 << 10), StoreOptions(segmentBytes: 0),
            StoreOptions(segmentBytes: -1), StoreOptions(segmentBytes: .max),
            StoreOptions(segmentBytes: 1 << 20, blockBytes: 128 << 10),
            StoreOptions(segmentBytes: 1 << 20, blockBytes: 5000),
            StoreOptions(segmentBytes: 1 << 20, blockBytes: 1),
            StoreOptions(segmentBytes: 1 << 20, batchBytesMax: 1 << 20),
            StoreOptions(segmentBytes: 1 << 20, batchBytesMax: 0),
        ])
    func storeOptions(_ options: StoreOptions) async throws {
        let place = Place()
        let error = await outcome { () async throws(LogError) in
            try await EventLog.create(at: place.path, options)
        }.error
        switch error {
        case .tooLarge, .invalid: break
        default: Issue.record("\(String(describing: error))")
        }
        // What is there is no store, and can still become one.
        await #expect(throws: LogError.self) { try await EventLog.open(at: place.path) }
        try await EventLog.create(at: place.path, StoreOptions(segmentBytes: 128 << 10))
    }

    // MARK: Expectations

    @Test("a stale expectation is answered with the actual version, and nothing is stored")
    func conflicts() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append([event(0, id: 1), event(1, id: 2)], to: "a")
        for expected: ExpectedVersion in [.noStream, .version(0), .version(1), .version(3)] {
            await #expect(throws: LogError.versionConflict(stream: "a", actual: 2)) {
                try await log.append(event(9, id: 9), to: "a", expecting: expected)
            }
            #expect(throws: LogError.versionConflict(stream: "a", actual: 2)) {
                try log.reserve(event(9, id: 9), to: "a", expecting: expected)
            }
        }
        await #expect(throws: LogError.versionConflict(stream: "a", actual: 2)) {
            try await log.append([
                StreamAppend(to: "b", [event()], expecting: .noStream),
                StreamAppend(to: "a", [event()], expecting: .version(7)),
            ])
        }
        await #expect(throws: LogError.idReused(stream: "a", version: 1)) {
            try await log.append(event(5, id: 1), to: "a", expecting: .noStream)
        }
        #expect(try log.events().count == 2 && log.version(of: "b") == .none)
        await log.close()
    }

    // MARK: Wrong places to call from

    @Test("every blocking call on the loop is refused, and stages nothing")
    func deadlocks() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let reservation = try log.reserve(event(), to: "a")
        try await log.durable(reservation)
        await Task(executorPreference: log.loop) {
            let blocking = log.blocking
            #expect(throws: LogError.wouldDeadlock) { try blocking.append(event(), to: "a") }
            #expect(throws: LogError.wouldDeadlock) { try blocking.append([event()], to: "a") }
            #expect(throws: LogError.wouldDeadlock) {
                try blocking.append([StreamAppend(to: "a", [event()])])
            }
            #expect(throws: LogError.wouldDeadlock) { try blocking.durable(reservation) }
            #expect(throws: LogError.wouldDeadlock) { try blocking.durable(Position(0)) }
            #expect(throws: LogError.wouldDeadlock) { try log.closeBlocking() }
        }.value
        #expect(log.durablePosition == 1 && log.statistics.pendingEvents == 0)
        await log.close()
    }

    @Test("one log's loop may block on another log")
    func otherLoop() async throws {
        let (first, second) = (try ShellStore(), try ShellStore())
        let (log, other) = (try first.open(), try second.open())
        await Task(executorPreference: log.loop) {
            do { try other.blocking.append(event(), to: "a") } catch { Issue.record("\(error)") }
        }.value
        #expect(other.durablePosition == 1)
        await log.close()
        await other.close()
    }

    @Test("a reservation is good for its own opening of its own log only")
    func foreignReservations() async throws {
        let (first, second) = (try ShellStore(), try ShellStore())
        let (log, other) = (try first.open(), try second.open())
        let reservation = try log.reserve(event(), to: "a")
        let foreign = LogError.invalid(.foreignReservation)
        await #expect(throws: foreign) { try await other.durable(reservation) }
        let blocking = await onThread { () throws(LogError) in
            try other.blocking.durable(reservation)
        }
        #expect(blocking.error == foreign)
        await log.close()
        // Closing made it durable, and that can still be heard.
        #expect(try await log.durable(reservation).version == 1)
        let again = try first.open()
        await #expect(throws: foreign) { try await again.durable(reservation) }
        await again.close()
        await other.close()
    }

    @Test("followers are admitted up to their limit, and again when one is gone")
    func tooManyFollowers() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(), to: "a")
        var iterators = (0..<Limits.followersMax).map { _ in log.follow().makeAsyncIterator() }
        #expect(log.statistics.followers == Limits.followersMax)
        var extra = log.follow().makeAsyncIterator()
        let refusal = await outcome { () async throws(LogError) in try await extra.next() != nil }
        #expect(refusal.error == .tooManyFollowers(limit: Limits.followersMax))
        var last = iterators.removeLast()
        #expect(try await last.next() != nil)
        iterators.removeLast()
        var next = log.follow().makeAsyncIterator()
        #expect(try await next.next() != nil)
        iterators.removeAll()
        await log.close()
    }

    @Test("a closed log says so to every call")
    func closed() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(), to: "a")
        let blocking = log.blocking
        var iterator = log.follow(from: 1).makeAsyncIterator()
        await log.close()
        let closed = LogError.closed
        await #expect(throws: closed) { try await log.append(event(), to: "a") }
        await #expect(throws: closed) { try await log.append([event()], to: "a") }
        await #expect(throws: closed) { try await log.append([StreamAppend(to: "a", [event()])]) }
        #expect(throws: closed) { try log.reserve(event(), to: "a") }
        await #expect(throws: closed) { try await log.durable(Position(1)) }
        #expect(throws: closed) { try log.events() }
        #expect(throws: closed) { try log.events(in: "a") }
        #expect(throws: closed) { try log.version(of: "a") }
        #expect(throws: closed) { try log.streams() }
        let followed = await outcome { () async throws(LogError) in try await iterator.next() != nil
        }
        #expect(followed.error == closed)
        let fromThread = await onThread { () throws(LogError) in
            try blocking.append(event(), to: "a")
        }
        #expect(fromThread.error == closed)
        let waited = await onThread { () throws(LogError) in try blocking.durable(Position(1)) }
        #expect(waited.error == closed)
        // What is durable stays so.
        try await log.durable(Position(0))
        #expect(log.durablePosition == 1 && !log.statistics.isPoisoned)
    }

    @Test("every error says in a sentence what to do")
    func sentences() {
        let errors: [LogError] = [
            .versionConflict(stream: "a", actual: 2), .idReused(stream: "a", version: 2),
            .streamDeleted(stream: "a", version: 2), .wouldWait(.segment),
            .wouldWait(.groupBytes), .wouldWait(.pendingEvents), .needsLookup(stream: "a"),
            .wouldDeadlock, .tooManyFollowers(limit: 3), .outcomeUnknown, .poisoned, .closed,
            .tooLarge(.typeBytes, limit: 1, value: 2), .invalid(.emptyBatch), .readOnly, .noSpace,
            .invalid(.foreignReservation), .locked(path: "p", by: 7), .locked(path: "p", by: nil),
            .notAStore(path: "p", reason: "r"), .alreadyExists(path: "p"), .noPermission(path: "p"),
            .unsupportedFormat(file: "STORE", version: 9),
            .disk(file: "f", operation: "write", code: 5),
            .corrupt(Corruption(file: "f", fileOffset: 1, reason: .badFrame, evidence: "e")),
            .lost(stream: "a", version: 2),
        ]
        let sentences = errors.map(\.description)
        #expect(Set(sentences).count == errors.count)
        #expect(!sentences.contains { $0.contains("unknown error") || $0.count < 10 })
    }
}
