import EmakiLog
import EmakiPlatform
import EmakiSimulation
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What an operator is told, by who knows all open runs and by who reads every history.
@Suite struct ProjectionAnswerTests {
    private static let states: [String?] = [
        nil, "open", "closed", "paused", "quarantined", "completed", "failed", "cancelled",
        "terminated", "timedOut",
    ]

    /// Sleeps, or returns or fails at once.
    enum Brief: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            if input == 0 { throw ApplicationFailure("no") }
            if input > 1 { try await context.sleep(for: .seconds(1_000)) }
            return input
        }
    }

    /// Runs of two types in all states, ids that were used again, by one type after the other.
    private func story() async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [Wanderer.self, Brief.self], [Grumpy()], on: store.session(), clock: clock)
        var random = SeededRandom(seed: 9)
        var timed = RunOptions()
        timed.runTimeout = .seconds(5)
        for number in 0..<120 {
            let id = ["a/", "b", "bé"][number % 3] + "\(number)"
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let handle = engine.handle(Wanderer.self, id: id)
                var options = number % 9 == 0 ? timed : RunOptions()
                options.searchAttributes = attributes(of: number, &random)
                if Bool.random(using: &random) {
                    let input = Int.random(in: 0...2, using: &random)
                    let begun = try? await engine.start(
                        Brief.self, id: id, input, options: options)
                    if input < 2 { _ = try? await begun?.result() }
                } else {
                    _ = try? await engine.start(Wanderer.self, id: id, 1, options: options)
                }
                switch Int.random(in: 0..<8, using: &random) {
                case 0: try? await handle.pause()
                case 1: try? await handle.terminate(reason: "enough")
                case 2: try? await handle.cancel()
                case 3: try? await handle.signal(Wanderer.go, 6)
                case 4: try? await handle.signal(Wanderer.go, 8)
                default: break
                }
            }
        }
        clock.advance(by: .seconds(10))
        for number in stride(from: 0, to: 120, by: 9) {
            _ = try? await engine.handle(Wanderer.self, id: "a/\(number)").describe()
        }
        engine.close()
        return store
    }

    /// None, some, or more than are kept beside a run.
    private func attributes(of number: Int, _ random: inout SeededRandom) -> [String: String] {
        guard number % 3 > 0 else { return [:] }
        let colour = ["red", "é", "blue"].randomElement(using: &random) ?? ""
        var attributes = ["colour": colour, "size": "\(number % 2)"]
        if number % 20 == 1 { for extra in 0..<260 { attributes["x\(extra)"] = "1" } }
        return attributes
    }

    private struct Lines {
        var lines: [String] = []
        var result = ""
    }

    private func ask(
        _ store: any HistoryStore, _ verb: String, _ members: [(String, String?)],
        endedMost: Int = Projection.remembered
    ) async throws -> Lines {
        var options = EngineOptions()
        options.executesCode = false
        options.endedWorkflowsInMemoryMax = endedMost
        let engine = try await WorkflowEngine(store: store, definitions: [], options: options)
        defer { engine.close() }
        var object = JSONObject()
        object.add("emaki", ControlRequest.version)
        object.add("verb", Operator.verb)
        object.add("do", verb)
        for case (let name, let value?) in members { object.add(name, value) }
        if verb == "list" { object.add("limit", 50 as UInt64) }
        let line = Array(object.text.utf8)
        return try await SystemThread.offload(name: "operator") {
            () throws(ControlFault) -> Lines in
            var lines: [String] = []
            let sink = Operator.Sink(line: {
                lines.append($0.text)
                return true
            })
            let result = try Operator(engine).answer(ControlRequest(line: line), sink)
            return Lines(lines: lines, result: result.text)
        }
    }

    /// Who reads does not look whether an open run rests, unless it is asked for those that do.
    private func plain(_ text: String) -> String {
        text.replacing(#""state":"paused""#, with: #""state":"open""#)
    }

    @Test("lists are the same, whether they are read or known")
    func lists() async throws {
        let store = try await story()
        var seen = 0
        for state in Self.states {
            for type in [nil, "Wanderer", "Brief", "none"] as [String?] {
                for (prefix, after, attribute) in [
                    (nil, nil, nil), ("b", nil, nil), ("a/", "a/3", nil), (nil, "b2", nil),
                    (nil, nil, "colour=é"), (nil, "b2", "colour=red\nsize=0"), (nil, nil, "x9=1"),
                    (nil, nil, "colour=e\u{301}"), (nil, nil, "size=2"),
                ] as [(String?, String?, String?)] {
                    let members = [
                        ("state", state), ("type", type), ("prefix", prefix), ("after", after),
                        ("attribute", attribute),
                    ]
                    let known = try await ask(store.session(), "list", members)
                    let read = try await ask(StaleStore(store.session()), "list", members)
                    let half = try await ask(store.session(), "list", members, endedMost: 0)
                    #expect(known.lines.map(plain) == read.lines.map(plain), "\(members)")
                    #expect(known.result == read.result, "\(members)")
                    #expect(half.lines == known.lines && half.result == known.result)
                    seen += known.lines.count
                }
            }
        }
        #expect(seen > 1_000)
    }

    @Test("counts are the same, whether they are read or known")
    func counts() async throws {
        let store = try await story()
        for state in ["paused", "completed", "failed", "cancelled", "terminated", "timedOut"] {
            let known = try await ask(store.session(), "count", [("state", state)])
            #expect(sums(known.result)["count"] ?? 0 > 0, "the story has some \(state)")
        }
        for state in Self.states {
            for type in [nil, "Wanderer", "Brief", "none"] as [String?] {
                for (prefix, attribute) in [
                    (nil, nil), ("b", nil), ("zz", nil), (nil, "colour=red\nsize=1"),
                    ("b", "size=0"),
                ] as [(String?, String?)] {
                    let members = [
                        ("state", state), ("type", type), ("prefix", prefix),
                        ("attribute", attribute),
                    ]
                    let known = try await ask(store.session(), "count", members)
                    let read = try await ask(StaleStore(store.session()), "count", members)
                    let half = try await ask(store.session(), "count", members, endedMost: 0)
                    #expect(sums(known.result) == sums(read.result), "\(members)")
                    #expect(half.result == known.result)
                }
            }
        }
    }

    /// Those that rest counted as open, which they are.
    private func sums(_ text: String) -> [String: Int] {
        var sums: [String: Int] = [:]
        for pair in text.dropFirst().dropLast().split(separator: ",") {
            let parts = pair.split(separator: ":")
            let name = parts[0].trimming("\"")
            guard let number = Int(parts[1]) else { continue }
            sums[name == "paused" ? "open" : name, default: 0] += number
        }
        return sums
    }

    @Test("what is known takes no reading: counts, and lists but for what they show of ended ones")
    func withoutReading() async throws {
        let store = try await story()
        let counting = CountingSession(store.session())
        _ = try await ask(counting, "count", [])
        _ = try await ask(counting, "count", [("state", "failed"), ("type", "Brief")])
        _ = try await ask(counting, "count", [("prefix", "b")])
        _ = try await ask(counting, "list", [("state", "open")])
        _ = try await ask(counting, "list", [("state", "quarantined")])
        _ = try await ask(counting, "list", [("state", "completed"), ("type", "none")])
        #expect(counting.readCount == 0)
        // Of each that is shown: the records of its id, a count, the first event and the last.
        let read = try await ask(counting, "list", [("state", "timedOut")])
        #expect(!read.lines.isEmpty && counting.readCount == 4 * read.lines.count)
        let before = counting.readCount
        let few = try await ask(
            counting, "list", [("state", "open"), ("attribute", "colour=red\nsize=1")])
        // Of each that has them, or has too many to say, its first event.
        #expect(!few.lines.isEmpty && counting.readCount - before <= few.lines.count + 6)
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
    }
}
