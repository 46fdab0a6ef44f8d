import EmakiPlatform
import Testing

@testable import EmakiLog

/// What clients asked a log for, what they were told, and when, for a comparison with what is
/// there in the end.
///
/// Times are counts of what this history was told: one call was over before another began if its
/// end is the smaller number. So the history needs no clock, and says nothing of calls that
/// overlapped, as nothing can be said of them.
final class AppendHistory: @unchecked Sendable {
    /// One batch, offered once or by two clients at once.
    struct Attempt {
        let number: Int
        let batch: [StreamAppend]
        let began: Int
        var ended = Int.max
        var results: [Result<BatchResult, LogError>] = []

        var texts: [String] {
            batch.flatMap(\.events).map { String(decoding: $0.payload, as: UTF8.self) }
        }
        var successes: [BatchResult] {
            results.compactMap {
                if case .success(let result) = $0 { return result }
                return nil
            }
        }
        /// Refused in a way that says that nothing of it is stored, whoever offered it.
        var isCertainlyAbsent: Bool {
            successes.isEmpty && !results.contains { $0.error == .outcomeUnknown }
        }
    }

    /// One look at a stream's version.
    struct Look {
        let stream: StreamID
        let version: StreamVersion
        let began: Int
    }

    private let lock = Lock()
    private var attempts: [Attempt] = []
    private var looks: [Look] = []
    private var now = 0

    var all: [Attempt] { lock.withLock { attempts } }
    var allLooks: [Look] { lock.withLock { looks } }

    private func tick() -> Int {
        now += 1
        return now
    }

    /// A number for the next attempt, to put into its payloads.
    func begin(_ make: (Int) -> [StreamAppend]) -> Attempt {
        lock.withLock {
            let number = attempts.count
            let attempt = Attempt(number: number, batch: make(number), began: tick())
            attempts.append(attempt)
            return attempt
        }
    }

    func end(_ attempt: Attempt, _ results: [Result<BatchResult, LogError>]) {
        lock.withLock {
            attempts[attempt.number].ended = tick()
            attempts[attempt.number].results += results
        }
    }

    func look<E: Error>(
        at stream: StreamID, _ read: () throws(E) -> StreamVersion
    ) throws(E) -> StreamVersion {
        let began = lock.withLock { tick() }
        let version = try read()
        lock.withLock { looks.append(Look(stream: stream, version: version, began: began)) }
        return version
    }
}

// MARK: - Held against what is there

extension AppendHistory {
    /// Every batch is there once, whole, where its clients were told, or not at all; and in an
    /// order in which the calls could have happened one after the other.
    func expect(in events: [RecordedEvent]) {
        var places: [String: Int] = [:]
        var versions: [StreamID: UInt64] = [:]
        for (index, event) in events.enumerated() {
            let text = String(decoding: event.payload, as: UTF8.self)
            #expect(event.position == Position(UInt64(index)))
            #expect(places.updateValue(index, forKey: text) == nil, "twice: \(text)")
            versions[event.stream, default: 0] += 1
            #expect(event.version.rawValue == versions[event.stream])
        }
        var knownCount = 0
        for attempt in all {
            knownCount += expect(attempt, in: events, places)
        }
        #expect(knownCount == events.count, "events that nobody offered")
        expectOrder()
        expectLooks(versions)
    }

    /// - Returns: how many of the events are this attempt's.
    private func expect(
        _ attempt: Attempt, in events: [RecordedEvent], _ places: [String: Int]
    ) -> Int {
        let found = attempt.texts.map { places[$0] }
        guard let first = found.first ?? nil else {
            #expect(found.allSatisfy { $0 == nil }, "by halves: \(attempt)")
            #expect(attempt.successes.isEmpty, "acknowledged and lost: \(attempt)")
            return 0
        }
        #expect(found == Array(first..<first + found.count), "torn apart: \(attempt)")
        #expect(!attempt.isCertainlyAbsent, "refused and stored: \(attempt)")
        // Whoever offered a batch that is there was not told that somebody else came first.
        for error in attempt.results.compactMap(\.error) {
            #expect([.outcomeUnknown, .poisoned, .closed].contains(error), "\(attempt)")
        }
        let positions = Position(UInt64(first))..<Position(UInt64(first + found.count))
        for result in attempt.successes { #expect(result.positions == positions) }
        let originals = attempt.successes.count { !$0.wasStoredBefore }
        #expect(originals <= 1, "stored twice: \(attempt)")
        expectVersions(attempt, in: events, from: first)
        return found.count
    }

    private func expectVersions(_ attempt: Attempt, in events: [RecordedEvent], from first: Int) {
        var place = first
        for (index, part) in attempt.batch.enumerated() {
            let start = events[place].version.rawValue
            #expect(part.events.indices.allSatisfy { events[place + $0].stream == part.stream })
            switch part.expecting {
            case .version(let expected): #expect(start == expected.rawValue + 1)
            case .noStream: #expect(start == 1)
            default: break
            }
            place += part.events.count
            for result in attempt.successes {
                #expect(result.versions[index] == events[place - 1].version)
            }
        }
    }

    /// What was over before something else began stands before it.
    private func expectOrder() {
        let stored = all.compactMap { attempt in
            attempt.successes.first.map { (attempt, $0.positions) }
        }
        let byEnd = stored.sorted { $0.0.ended < $1.0.ended }
        var ended = byEnd[...]
        var highest: Position?
        for (attempt, positions) in stored.sorted(by: { $0.0.began < $1.0.began }) {
            while let next = ended.first, next.0.ended < attempt.began {
                highest = max(highest ?? next.1.upperBound, next.1.upperBound)
                ended.removeFirst()
            }
            // A repetition may find what an earlier attempt with the same batch has stored.
            guard attempt.successes.contains(where: { !$0.wasStoredBefore }) else { continue }
            if let highest {
                #expect(positions.lowerBound >= highest, "before what was over: \(attempt)")
            }
        }
    }

    /// A look that began after an append was over sees it, and none sees what does not stay.
    private func expectLooks(_ versions: [StreamID: UInt64]) {
        let ends = all.flatMap { attempt -> [(Int, StreamID, StreamVersion)] in
            guard let result = attempt.successes.first else { return [] }
            return zip(attempt.batch, result.versions).map { (attempt.ended, $0.stream, $1) }
        }.sorted { $0.0 < $1.0 }
        var ended = ends[...]
        var newest: [StreamID: StreamVersion] = [:]
        for look in allLooks.sorted(by: { $0.began < $1.began }) {
            while let next = ended.first, next.0 < look.began {
                newest[next.1] = max(newest[next.1] ?? .none, next.2)
                ended.removeFirst()
            }
            #expect(look.version >= newest[look.stream] ?? .none, "an old view: \(look)")
            #expect(look.version.rawValue <= versions[look.stream] ?? 0, "taken back: \(look)")
        }
    }
}
