import EmakiWorkflow
import Synchronization

/// What `emaki bench --op workflow` runs. Values are 120 bytes long in either codec.
struct BenchValue: Codable, Sendable {
    var account: String
    var amount: Int
    var note: String

    static func make(_ number: Int) -> BenchValue {
        let digits = String(number)
        let account = "account-" + String(repeating: "0", count: max(0, 16 - digits.count)) + digits
        return BenchValue(
            account: account, amount: 1, note: String(repeating: "n", count: 58))
    }

    static let bytes = [UInt8](repeating: 0x62, count: 120)
}

struct BenchDebit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    func run(context: ActivityContext, input: BenchValue) async throws -> BenchValue { input }
}

struct BenchCredit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    func run(context: ActivityContext, input: BenchValue) async throws -> BenchValue { input }
}

struct BenchByteDebit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    func run(context: ActivityContext, input: [UInt8]) async throws -> [UInt8] { input }
}

struct BenchByteCredit: Activity {
    static let options = ActivityOptions(startToClose: .seconds(10))
    func run(context: ActivityContext, input: [UInt8]) async throws -> [UInt8] { input }
}

enum BenchTransfer: Workflow {
    static func run(
        context: WorkflowContext<Self>, input: BenchValue
    ) async throws -> BenchValue {
        let debited = try await context.run(BenchDebit.self, input)
        return try await context.run(BenchCredit.self, debited)
    }
}

enum BenchByteTransfer: Workflow {
    static func run(context: WorkflowContext<Self>, input: [UInt8]) async throws -> [UInt8] {
        let debited = try await context.run(BenchByteDebit.self, input)
        return try await context.run(BenchByteCredit.self, debited)
    }
}

/// Some steps, one after the other, each with a result of 120 bytes.
enum BenchSteps: Workflow {
    struct Order: Codable, Sendable {
        var count: Int
        var isInline: Bool
        /// Then it waits for a signal.
        var waits = false
    }

    static let finish = Signal<Self, Nothing>("finish")

    static func initialState(for input: Order) -> Bool { !input.waits }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(finish) { state, _ in state = true }
    }

    static func run(context: WorkflowContext<Self>, input: Order) async throws -> Int {
        var sum = 0
        for number in 0..<input.count {
            let place = input.isInline ? StepPlace.loop : .pool
            let value = try await context.step("step", on: place) { _ in
                BenchValue.make(number)
            }
            sum += value.amount
        }
        try await context.wait { $0 }
        return sum
    }
}

/// Takes messages.
enum BenchCounter: Workflow {
    static let add = Signal<Self, BenchValue>("add")
    static let change = Update<Self, BenchValue, Int>("change")
    static let value = Query<Self, Nothing, Int>("value")

    static func initialState(for input: BenchValue) -> Int { 0 }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(add) { count, value in count += value.amount }
        handlers.on(change) { count, value in
            count += value.amount
            return count
        }
        handlers.on(value) { count, _ in count }
    }

    static func run(context: WorkflowContext<Self>, input: BenchValue) async throws -> Int {
        try await context.wait { $0 < 0 }
        return context.state
    }
}

/// A hundred activities at once.
enum BenchFanout: Workflow {
    static func run(context: WorkflowContext<Self>, input: BenchValue) async throws -> Int {
        let results = try await context.all(
            (0..<100).map { _ in { @Sendable in try await context.run(BenchDebit.self, input) } })
        return results.count
    }
}

/// Ends at once; one in a hundred fails.
enum BenchBrief: Workflow {
    static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
        if input % 100 == 0 { throw ApplicationFailure("one in a hundred") }
        return input
    }
}

/// Sleeps for so many milliseconds.
enum BenchSleeper: Workflow {
    /// Of this process. Not for replays: a benchmark's runs are executed once.
    static let wokenCount = Atomic(0)

    static func run(context: WorkflowContext<Self>, input: Int) async throws -> Nothing {
        try await context.sleep(for: .milliseconds(input))
        // wf:allow(WF040) runs of a benchmark are executed once
        wokenCount.add(1, ordering: .relaxed)
        return Nothing()
    }
}
