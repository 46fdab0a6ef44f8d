import EmakiWorkflow
import EmakiWorkflowTesting

/// One order that is shipped, and one that cannot be and is paid back.
@main
enum OrderStory {
    static func main() async throws {
        for line in try await tell() { print(line) }
    }

    static func tell() async throws -> [String] {
        let shop = Shop(["tea": 2, "cup": 1, "pot": 1])
        let clock = SkippingClock()
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Order.self), WorkflowDefinition(Shipment.self)],
            activities: [Charge(shop: shop), Refund(shop: shop), Pick(shop: shop)],
            options: options)
        let start = clock.now
        let confirmation = try await engine.execute(
            Order.self, id: "order-1",
            OrderInput(customer: "anna", items: ["tea", "cup", "pot"], total: 40))
        var lines = [confirmation.receipt]
        lines += confirmation.parcels.map { "shipped: \($0)" }
        lines.append("all of it took \((clock.now - start) / 3_600_000_000_000) hours")
        do {
            _ = try await engine.execute(
                Order.self, id: "order-2",
                OrderInput(customer: "ben", items: ["tea", "cup"], total: 25))
        } catch WorkflowError.ended(_, .failed(let failure)) {
            lines.append("order-2 failed: \(failure.message)")
        }
        for (customer, paid) in await shop.paid.sorted(by: { $0.key < $1.key }) {
            lines.append("\(customer) has paid \(paid) in the end")
        }
        engine.close()
        return lines
    }
}
