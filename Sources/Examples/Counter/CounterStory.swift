import EmakiWorkflow
import EmakiWorkflowTesting

/// A thousand hits, a process that ends in the middle, and a caller that is not sure and repeats
/// itself.
@main
enum CounterStory {
    private static let hits = 1_000

    static func main() async throws {
        for line in try await tell() { print(line) }
    }

    static func tell() async throws -> [String] {
        let store = MemoryHistoryStore()
        var lines: [String] = []
        var engine = try await engine(on: store)
        let page = try await engine.start(Counter.self, id: "page-1", Nothing())
        for number in 1...hits / 2 {
            try await page.signal(Counter.hit, 1, requestID: "hit \(number)")
        }
        lines.append("\(try await page.query(Counter.hits)) hits, and the process ends")
        engine.close()

        engine = try await self.engine(on: store)
        let again = engine.handle(Counter.self, id: "page-1")
        // The last hundred come once more: nobody knows whether they had been counted.
        for number in hits / 2 - 99...hits {
            try await again.signal(Counter.hit, 1, requestID: "hit \(number)")
        }
        lines.append("\(try await again.query(Counter.hits)) hits after a restart")
        let history = try await again.history()
        let checkpoints = history.count { $0.typeName == "Checkpointed" }
        let behind = history.count - (history.last?.frame ?? 0)
        lines.append(
            "\(checkpoints) checkpoints; fewer than 110 events to wake it: \(behind < 110)")
        lines.append("taken: \(try await again.update(Counter.take, Nothing(), requestID: "take"))")
        lines.append("again: \(try await again.update(Counter.take, Nothing(), requestID: "take"))")
        lines.append("left: \(try await again.query(Counter.hits))")
        engine.close()
        return lines
    }

    private static func engine(on store: MemoryHistoryStore) async throws -> WorkflowEngine {
        try await WorkflowEngine(
            store: store.session(), definitions: [WorkflowDefinition(Counter.self)])
    }
}
