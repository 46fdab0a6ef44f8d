import EmakiWorkflow

/// What somebody orders.
struct OrderInput: Codable, Sendable {
    var customer: String
    var items: [String]
    var total: Int
}

/// What they get.
struct Confirmation: Codable, Sendable, Equatable {
    var receipt: String
    var parcels: [String]
}

/// A shop that knows what is on its shelves and what was paid.
actor Shop {
    private var shelves: [String: Int]
    private(set) var paid: [String: Int] = [:]

    init(_ shelves: [String: Int]) { self.shelves = shelves }

    func take(_ item: String) throws {
        guard let count = shelves[item], count > 0 else {
            throw ApplicationFailure("no \(item) left", type: "SoldOut", isNonRetryable: true)
        }
        shelves[item] = count - 1
    }

    func pay(_ amount: Int, for customer: String) { paid[customer, default: 0] += amount }
}

/// Takes the money.
struct Charge: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let shop: Shop

    func run(context: ActivityContext, input: OrderInput) async throws -> String {
        await shop.pay(input.total, for: input.customer)
        return "\(input.customer) paid \(input.total)"
    }
}

/// Gives it back.
struct Refund: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let shop: Shop

    func run(context: ActivityContext, input: OrderInput) async throws -> Nothing {
        await shop.pay(-input.total, for: input.customer)
        return Nothing()
    }
}

/// Takes an item from its shelf.
struct Pick: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let shop: Shop

    func run(context: ActivityContext, input item: String) async throws -> Nothing {
        try await shop.take(item)
        return Nothing()
    }
}

/// One item on its way: a workflow of its own, with a history and an id of its own.
enum Shipment: Workflow {
    static func run(context: WorkflowContext<Self>, input item: String) async throws -> String {
        _ = try await context.run(Pick.self, item)
        // The van leaves in the evening.
        try await context.sleep(for: .seconds(6 * 3_600))
        return "parcel with \(item)"
    }
}

/// Takes the money and ships every item, all at once. Should one be sold out, the money goes back.
enum Order: Workflow {
    static func run(
        context: WorkflowContext<Self>, input: OrderInput
    ) async throws -> Confirmation {
        let id = context.info.workflowID
        return try await context.saga { saga in
            async let receipt = saga.run(Charge.self, input, undo: Refund.self) { _ in input }
            async let parcels = context.all(
                input.items.map { item in
                    { try await context.runChild(Shipment.self, id: "\(id)-\(item)", item) }
                })
            return Confirmation(receipt: try await receipt, parcels: try await parcels)
        }
    }
}
