import EmakiPlatform
import Testing

@testable import EmakiLog

/// Clients of every kind at once, on segments so small that the log rotates all the time.
/// Everything that was acknowledged is checked against what the log holds, also after reopening.
@Suite struct ConcurrencyLoadTests {
    /// What the writers were told, for the comparison at the end.
    private final class Ledger: @unchecked Sendable {
        private let lock = Lock()
        private var texts: [Position: String] = [:]
        private var failures: [LogError] = []

        func note(_ result: Result<AppendResult, LogError>, _ text: String) {
            lock.withLock {
                switch result {
                case .success(let done):
                    if texts.updateValue(text, forKey: done.positions.lowerBound) != nil {
                        failures.append(.poisoned)
                    }
                case .failure(let error): failures.append(error)
                }
            }
        }

        var acknowledged: [Position: String] { lock.withLock { texts } }
        var errors: [LogError] { lock.withLock { failures } }
    }

    private static let writersEach = 3
    private static let appendsEach = 150
    private static let writerCount = 4 * writersEach
    private static let total = writerCount * appendsEach

    @Test("clients of every kind at once: order, density, exactly once, no gap, nothing undurable")
    func everybody() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.idleMarkDelay = .microseconds(50)
            $0.pendingEventsMax = 64
        }
        let ledger = Ledger()
        await withTaskGroup(of: Void.self) { group in
            addWriters(to: &group, log, ledger)
            addFollowers(to: &group, log)
            // It reads until the writers are done, and they may need every thread of the pool.
            group.addTask { await SystemThread.offload(name: "reader") { Self.read(log) } }
            group.addTask { await Self.cancelFollowers(log) }
        }
        #expect(ledger.errors == [])
        #expect(log.durablePosition == Position(UInt64(Self.total)))
        try expect(log, holds: ledger)
        let statistics = log.statistics
        #expect(statistics.rotations > 3 && statistics.groups <= UInt64(Self.total))
        #expect(store.disk.counts.inFlightMax == 1)
        #expect(store.disk.counts.otherCallsOnLoop == [])
        await log.close()
        let again = try store.open()
        // Not `wasClosed`: a last segment that is full to the brim has room for the slot only.
        #expect(again.receipt.end == .marked)
        try expect(again, holds: ledger)
        await again.close()
    }

    // MARK: Writers

    private func addWriters(
        to group: inout TaskGroup<Void>, _ log: EventLog, _ ledger: Ledger
    ) {
        for writer in 0..<Self.writersEach {
            group.addTask(executorPreference: log.loop) {
                await Self.write("loop-\(writer)", ledger) { (event, stream) throws(LogError) in
                    try await log.append(event, to: stream)
                }
            }
            group.addTask {
                await Self.write("pool-\(writer)", ledger) { (event, stream) throws(LogError) in
                    try await log.append([event], to: stream)
                }
            }
            group.addTask {
                await Self.write("reserve-\(writer)", ledger) { (event, stream) throws(LogError) in
                    try await Self.reserve(event, stream, log)
                }
            }
            group.addTask {
                await SystemThread.offload(name: "writer") {
                    Self.writeOnThread("thread-\(writer)", ledger, log)
                }
            }
        }
    }

    private static func texts(_ name: String) -> [(StreamID, String)] {
        (0..<appendsEach).map {
            (StreamID(stringLiteral: "\(name)-\($0 % 3)"), "\(name) \($0)" + padding($0))
        }
    }

    /// Some events take a third of a segment's room.
    private static func padding(_ number: Int) -> String {
        String(repeating: "x", count: number % 13 == 0 ? 15_000 : 300)
    }

    private static func write(
        _ name: String, _ ledger: Ledger,
        _ append: (Event, StreamID) async throws(LogError) -> AppendResult
    ) async {
        for (stream, text) in texts(name) {
            ledger.note(
                await outcome { () async throws(LogError) in
                    try await append(Event(type: "W", text: text), stream)
                }, text)
        }
    }

    private static func writeOnThread(_ name: String, _ ledger: Ledger, _ log: EventLog) {
        for (stream, text) in texts(name) {
            do throws(LogError) {
                let done = try log.blocking.append(Event(type: "W", text: text), to: stream)
                ledger.note(.success(done), text)
            } catch {
                ledger.note(.failure(error), text)
            }
        }
    }

    /// Reserves, and lets a commit pass where there is no room.
    private static func reserve(
        _ event: Event, _ stream: StreamID, _ log: EventLog
    ) async throws(LogError) -> AppendResult {
        while true {
            do throws(LogError) {
                return try await log.durable(try log.reserve(event, to: stream))
            } catch .wouldWait {
                await Task.yield()
            } catch .needsLookup {
                return try await log.append(event, to: stream)
            }
        }
    }

    // MARK: Readers

    private func addFollowers(to group: inout TaskGroup<Void>, _ log: EventLog) {
        let third = Self.appendsEach / 3
        let cases: [(FollowScope, Int)] = [
            (.everything, Self.total), (.stream("loop-1-2"), third), (.stream("thread-0-0"), third),
            (.prefix("pool-"), Self.writersEach * Self.appendsEach),
        ]
        for (scope, count) in cases {
            group.addTask { await Self.follow(log, scope, count) }
            group.addTask(executorPreference: log.loop) { await Self.follow(log, scope, count) }
        }
    }

    private static func follow(_ log: EventLog, _ scope: FollowScope, _ count: Int) async {
        var seen = 0
        var last: Position?
        var versions: [StreamID: UInt64] = [:]
        do {
            for try await followed in log.follow(in: scope) {
                guard case .event(let event) = followed else {
                    Issue.record("nothing was skipped: \(followed)")
                    continue
                }
                #expect(event.position < log.durablePosition)
                #expect(last.map { event.position > $0 } ?? true)
                if scope == .everything { #expect(event.position == Position(UInt64(seen))) }
                versions[event.stream, default: 0] += 1
                #expect(event.version.rawValue == versions[event.stream])
                last = event.position
                seen += 1
                if seen == count { break }
            }
        } catch {
            Issue.record("\(error)")
        }
        #expect(seen == count)
    }

    private static func read(_ log: EventLog) {
        do {
            while log.durablePosition < Position(UInt64(total)) {
                let stream: StreamID = "pool-1-0"
                let version = try log.version(of: stream)
                let events = try log.events(in: stream)
                #expect(events.count >= version.rawValue)
                #expect(events.map(\.version.rawValue) == Array(1..<UInt64(events.count) + 1))
                let newest = try log.events(in: stream, limit: 1, direction: .backwards).first
                if let newest { #expect(newest.position < log.durablePosition) }
                var next: UInt64 = 0
                try log.forEachEvent { event in
                    #expect(event.position == Position(next))
                    next += 1
                    return .next
                }
                #expect(Position(next) <= log.durablePosition)
                for summary in try log.streams(withPrefix: "loop-") {
                    #expect(try log.version(of: summary.stream) >= summary.version)
                }
            }
        } catch {
            Issue.record("\(error)")
        }
    }

    private static func cancelFollowers(_ log: EventLog) async {
        for _ in 0..<200 {
            let start = log.durablePosition
            let follower = Task {
                var count = 0
                for try await _ in log.follow(from: start) { count += 1 }
                return count
            }
            await Task.yield()
            follower.cancel()
            do { _ = try await follower.value } catch { Issue.record("\(error)") }
        }
    }

    // MARK: The end

    private func expect(_ log: EventLog, holds ledger: Ledger) throws {
        let events = try log.events()
        let acknowledged = ledger.acknowledged
        #expect(events.count == Self.total && acknowledged.count == Self.total)
        var perWriter: [Substring: Int] = [:]
        for (index, event) in events.enumerated() {
            let text = String(decoding: event.payload, as: UTF8.self)
            #expect(event.position == Position(UInt64(index)))
            #expect(acknowledged[event.position] == text)
            // One writer's appends are in the order in which it made them.
            let words = text.split(separator: " ")
            let number = words[1].prefix { $0 != "x" }
            #expect(Int(number) == perWriter[words[0], default: 0])
            perWriter[words[0], default: 0] += 1
        }
        #expect(perWriter.count == Self.writerCount)
    }
}
