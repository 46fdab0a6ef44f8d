import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Long lists: page by page, while others go on.
@Suite struct ListingTests {
    private func engine(_ count: Int) async throws -> (WorkflowEngine, [String]) {
        let engine = try await makeEngine(
            [ProjectionAnswerTests.Brief.self], on: MemoryHistoryStore().session(),
            clock: SkippingClock(skips: false))
        var ids: [String] = []
        for number in 0..<count {
            let id = "w\(number)"
            // Every third sleeps, the others end at once.
            let input = number % 3 == 0 ? 2 : 1
            let handle = try await engine.start(
                ProjectionAnswerTests.Brief.self, id: id, input)
            if input == 1 { _ = try await handle.result() }
            ids.append(id)
        }
        return (engine, ids.sorted())
    }

    private func list(
        _ engine: WorkflowEngine, _ members: [(String, String)]
    ) async throws -> [String] {
        let answer = try await OperatorEngineTests.ask(engine, "list", members)
        return answer.lines.map { String($0.split(separator: "\"")[3]) }
    }

    @Test("a list over many pages has each workflow once, in the order of their ids")
    func pages() async throws {
        let (engine, ids) = try await engine(1_400)
        let all = try await list(engine, [("type", "Brief"), ("state", "completed")])
        #expect(all.count == 100)
        for filter in [[("type", "Brief")], []] as [[(String, String)]] {
            var request = ControlClient.request(Operator.verb)
            request.add("do", "list")
            request.add("limit", 5_000 as UInt64)
            for (name, value) in filter { request.add(name, value) }
            let line = Array(request.text.utf8)
            let found = try await SystemThread.offload(name: "operator") {
                () throws(ControlFault) -> [String] in
                var found: [String] = []
                let sink = Operator.Sink(line: {
                    found.append(String($0.text.split(separator: "\"")[3]))
                    return true
                })
                _ = try Operator(engine).answer(ControlRequest(line: line), sink)
                return found
            }
            #expect(found == ids)
        }
        let some = try await list(engine, [("type", "Brief"), ("after", ids[1_350])])
        #expect(some == Array(ids[1_351...]))
        engine.close()
    }

    @Test("who goes over many is shown each as it is then, and not as it was at the beginning")
    func meanwhile() async throws {
        let (engine, _) = try await engine(300)
        let seen = try await SystemThread.offload(name: "operator") {
            () throws(ControlFault) -> [String] in
            do {
                let looking = Operator(engine)
                var seen: [String] = []
                let filter = try Operator.Filter(
                    ControlRequest(line: Array(#"{"emaki":1,"verb":"w","state":"open"}"#.utf8)))
                try looking.forEachWorkflow(filter, Operator.Sink(line: { _ in true })) { summary in
                    if seen.isEmpty {
                        // The last ones end, and one of them begins again.
                        for id in ["w93", "w96", "w99"] {
                            try looking.wait {
                                let handle = engine.handle(
                                    ProjectionAnswerTests.Brief.self, id: id)
                                try await handle.terminate(reason: "enough")
                            }
                        }
                        try looking.wait {
                            _ = try await engine.start(
                                ProjectionAnswerTests.Brief.self, id: "w96", 2)
                        }
                    }
                    seen.append(summary.id)
                    return true
                }
                return seen
            } catch {
                throw ControlFault(reporting: error)
            }
        }
        #expect(seen.count == 98 && seen.contains("w96"))
        #expect(!seen.contains("w93") && !seen.contains("w99"))
        engine.close()
    }

    @Test("an attribute that is none, or is named twice, is refused and not left out")
    func attributes() async throws {
        let (engine, _) = try await engine(1)
        for bad in ["", "a", "=1", "a=1\n", "a=1\na=2", "\na=1"] {
            for verb in ["list", "count"] {
                await #expect(throws: ControlFault.self, "\(bad)") {
                    try await OperatorEngineTests.ask(engine, verb, [("attribute", bad)])
                }
            }
        }
        engine.close()
    }
}
