import EmakiWorkflow

/// What is to be moved.
struct Transfer: Codable, Sendable {
    var from: String
    var to: String
    var amount: Int
}

/// A bank on the other side of a network. It takes every order with a key, and does nothing twice
/// for one key: that is all that it takes to be called by something that tries again.
actor Bank {
    private(set) var balances: [String: Int]
    private var entries: [String: (account: String, amount: Int)] = [:]

    init(_ balances: [String: Int]) { self.balances = balances }

    func book(_ amount: Int, on account: String, once key: String) throws {
        guard entries[key] == nil else { return }
        guard let balance = balances[account] else {
            throw ApplicationFailure(
                "there is no account \(account)", type: "NoAccount", isNonRetryable: true)
        }
        guard balance + amount >= 0 else {
            throw ApplicationFailure(
                "\(account) has only \(balance)", type: "NotCovered", isNonRetryable: true)
        }
        balances[account] = balance + amount
        entries[key] = (account, amount)
    }

    /// Takes back what was booked for a key. Nothing may have been: then there is nothing to do,
    /// and a late order of that key will find it used.
    func reverse(_ key: String) {
        let entry = entries.updateValue(("", 0), forKey: key)
        if let entry { balances[entry.account]? -= entry.amount }
    }
}

/// Takes the money from one account.
struct Debit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let bank: Bank

    func run(context: ActivityContext, input: Transfer) async throws -> Nothing {
        try await bank.book(-input.amount, on: input.from, once: context.info.idempotencyKey)
        return Nothing()
    }
}

/// Gives it to the other.
struct Credit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let bank: Bank

    func run(context: ActivityContext, input: Transfer) async throws -> Nothing {
        try await bank.book(input.amount, on: input.to, once: context.info.idempotencyKey)
        return Nothing()
    }
}

/// Undoes either of them, by the key that it was done with.
struct Reverse: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    let bank: Bank

    func run(context: ActivityContext, input: Nothing) async throws -> Nothing {
        if let key = context.info.compensatedKey { await bank.reverse(key) }
        return Nothing()
    }
}

/// Moves money from one account to another: both bookings, or neither.
enum AccountTransfer: Workflow {
    static func run(
        context: WorkflowContext<Self>, input: Transfer
    ) async throws -> String {
        try await context.saga { saga in
            _ = try await saga.run(Debit.self, input, undo: Reverse.self) { _ in Nothing() }
            _ = try await saga.run(Credit.self, input, undo: Reverse.self) { _ in Nothing() }
            return "\(input.amount) from \(input.from) to \(input.to)"
        }
    }
}
