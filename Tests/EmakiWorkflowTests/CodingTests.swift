import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Events as they are stored: whole, damaged, and of a newer version.
@Suite struct CodingTests {
    /// The histories of all stories, as they are stored.
    private static func histories() async throws -> [[HistoryPage.Stored]] {
        var histories: [[HistoryPage.Stored]] = []
        for scenario in Scenario.all {
            let run = CrashRun(scenario: scenario, changesVersion: true)
            // Dying once brings lost attempts, late activations and other versions into them.
            _ = try await run.run(
                dyingAt: [MemoryHistoryStore.Session.End(commit: 2, isStored: true)],
                evicts: false)
            let session = run.store.session()
            for name in try await session.streams(prefix: "run/", after: nil, limit: .max) {
                histories.append(
                    try await session.read(name, from: 0, limit: .max).events)
            }
        }
        return histories
    }

    @Test("bytes that are damaged anywhere are refused or read as something else; nothing traps")
    func damaged() async throws {
        let replayer = Replayer(workflows: Scenario.all.flatMap(\.workflows))
        var refusedCount = 0
        for history in try await Self.histories() {
            let whole = try history.map {
                try HistoryEvent(metadata: $0.metadata, payload: $0.payload)
            }
            for (index, event) in history.enumerated() {
                for offset in event.metadata.indices {
                    for flip: UInt8 in [1, 0x80, 0xff] {
                        var bytes = event.metadata
                        bytes[offset] ^= flip
                        guard
                            let changed = try? HistoryEvent(
                                metadata: bytes, payload: event.payload)
                        else {
                            refusedCount += 1
                            continue
                        }
                        var damaged = whole
                        damaged[index] = changed
                        do { try replayer.check(damaged) } catch { refusedCount += 1 }
                    }
                    let cut = Array(event.metadata[..<offset])
                    if (try? HistoryEvent(metadata: cut, payload: event.payload)) == nil {
                        refusedCount += 1
                    }
                }
            }
        }
        #expect(refusedCount > 1_000)
    }

    @Test("an event without its place in the history is noticed: missing, twice, out of order")
    func disordered() async throws {
        let replayer = Replayer(workflows: Scenario.all.flatMap(\.workflows))
        for history in try await Self.histories() {
            let whole = try history.map {
                try HistoryEvent(metadata: $0.metadata, payload: $0.payload)
            }
            try replayer.check(whole)
            for index in whole.indices.dropLast() {
                var missing = whole
                missing.remove(at: index)
                #expect(throws: (any Error).self) { try replayer.check(missing) }
                var twice = whole
                twice.insert(whole[index], at: index)
                #expect(throws: (any Error).self) { try replayer.check(twice) }
                var swapped = whole
                swapped.swapAt(index, index + 1)
                #expect(throws: (any Error).self) { try replayer.check(swapped) }
            }
        }
    }

    @Test("a field that this version does not know is skipped, a kind is refused by its number")
    func newer() async throws {
        let history = try #require(try await Self.histories().first)
        let event = try #require(history.first)
        let known = try HistoryEvent(metadata: event.metadata, payload: event.payload)
        // Field 1000 with the number 7, and field 1001 with three bytes.
        let more = event.metadata + [0xd0, 0x0f, 7, 0xd3, 0x0f, 3, 1, 2, 3]
        #expect(try HistoryEvent(metadata: more, payload: event.payload) == known)
        #expect(throws: HistoryError.unknownKind(99)) {
            try HistoryEvent(metadata: [2, 99, 4, 1, 6, 2], payload: [])
        }
    }
}
