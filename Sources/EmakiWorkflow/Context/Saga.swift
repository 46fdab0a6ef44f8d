/// Steps of which each is undone, in reverse order, should a later one fail.
///
/// What would undo a step is recorded before the step may run, so that no crash lets an effect
/// slip: a step that may have happened is undone. Undoing is shielded from cancelling and has a
/// retry policy of its own; if it gives up, the run rests until an operator decides.
public final class Saga<Running: Workflow>: OpenSaga, @unchecked Sendable {
    /// One step that may have to be undone. Only touched by the thread that executes the run.
    private final class Entry {
        let key: String
        /// Where the code runs it, and where its undoing is asked for.
        let place: SourcePlace
        let compensatesFailure: Bool
        /// Undoes it, once.
        let undo: (Entry) async throws -> Void
        var result: Payload?
        var failure: Failure?
        var isUndone = false

        init(
            _ key: String, at place: SourcePlace, compensatesFailure: Bool,
            undo: @escaping (Entry) async throws -> Void
        ) {
            self.key = key
            self.place = place
            self.compensatesFailure = compensatesFailure
            self.undo = undo
        }

        /// Nobody knows whether it happened.
        var isInDoubt: Bool { result == nil && (failure?.leavesDoubt ?? true) }
        var isToBeUndone: Bool { result != nil || isInDoubt || compensatesFailure }
    }

    private let context: WorkflowContext<Running>
    private var entries: [Entry] = []
    private var skipped: [String: String] = [:]

    init(_ context: WorkflowContext<Running>) { self.context = context }

    var keysToUndo: [String] { entries.filter { $0.isToBeUndone && !$0.isUndone }.map(\.key) }

    /// Runs an activity that another one undoes.
    /// - Parameters:
    ///   - undo: the activity that undoes it.
    ///   - options: of this activity; by default its own.
    ///   - undoOptions: of the other; by default its own.
    ///   - compensating: whether a step that failed for certain is undone, too.
    ///   - file: where the call is, as its reports are to say; and so `line`.
    ///   - input: what the other activity is given, by how this one ended.
    /// - Throws: `StepFailure` once it failed for good.
    public func run<Forward: Activity, Undo: Activity>(
        _ activity: Forward.Type, _ argument: Forward.Input, undo: Undo.Type,
        options: ActivityOptions? = nil, undoOptions: ActivityOptions? = nil,
        compensating: Compensating = .ifItMayHaveHappened,
        file: String = #fileID, line: UInt32 = #line,
        _ input: @escaping @Sendable (StepOutcome<Forward.Output>) throws -> Undo.Input
    ) async throws -> Forward.Output {
        let context = context
        let place = SourcePlace(file: file, line: line)
        try await context.scope.enterWaiting("saga.run")
        var forward = options ?? Forward.options
        // What is undone has to have ended: nothing happens beside its own undoing.
        forward.cancellation = .wait
        let payload = try context.encodeInput(argument)
        var entry: Entry?
        do {
            let result = try await context.perform(
                Forward.activityName, .activity, payload, forward,
                closure: nil, compensation: Undo.activityName, at: place
            ) { key in
                let new = Entry(
                    key, at: place, compensatesFailure: compensating == .always
                ) { entry in
                    let outcome = try Self.outcome(of: entry, context, Forward.self)
                    _ = try await context.perform(
                        Undo.activityName, .activity, try context.encodeInput(try input(outcome)),
                        undoOptions ?? Undo.options, closure: nil, compensates: entry.key,
                        at: entry.place)
                }
                entries.append(new)
                entry = new
            }
            entry?.result = result
            return try context.decode(Forward.Output.self, from: result)
        } catch let failure as StepFailure {
            entry?.failure = failure.cause
            throw WorkflowContext<Running>.thrown(for: failure)
        }
    }

    private static func outcome<Forward: Activity>(
        of entry: Entry, _ context: WorkflowContext<Running>, _: Forward.Type
    ) throws -> StepOutcome<Forward.Output> {
        if let result = entry.result {
            return .completed(try context.decode(Forward.Output.self, from: result))
        }
        if let failure = entry.failure, !failure.leavesDoubt { return .failed(failure) }
        return .unknown
    }

    /// Undoes what may have happened, the last first.
    fileprivate func compensate(_ cause: any Error) async throws -> SagaFailure {
        for entry in entries.reversed() where entry.isToBeUndone { try await undo(entry) }
        return SagaFailure(cause: cause, skipped: skipped)
    }

    private func undo(_ entry: Entry) async throws {
        while true {
            do {
                try await entry.undo(entry)
                entry.isUndone = true
                return
            } catch {
                guard !(error is Evicted), !context.scope.isEvicted else { throw error }
                let cause = (error as? StepFailure)?.cause ?? Failure(describing: error)
                let scope = context.scope
                try await scope.enterWaiting("saga")
                let identity = scope.branch.next("pause")
                scope.ask(.pause(compensation: entry.key, cause), at: entry.place)
                scope.pauses[entry.key] = identity.text
                let wait = RunScope.Wait(identity, .abandon, at: entry.place)
                let resolution = try await scope.park(wait)
                if case .resumed(.skipCompensation(_, let reason)) = resolution {
                    skipped[entry.key] = reason
                    entry.isUndone = true
                    return
                }
            }
        }
    }
}

/// How a step ended, for what undoes it.
public enum StepOutcome<Output: Sendable>: Sendable {
    /// With a result.
    case completed(Output)
    /// It may have happened: no attempt is known to have succeeded, and one is not known to have
    /// failed.
    case unknown
    /// It has not happened.
    case failed(Failure)
}

/// Which steps of a saga are undone.
public enum Compensating: Sendable {
    /// Those that happened or may have.
    case ifItMayHaveHappened
    /// Those that failed for certain, too.
    case always
}

extension WorkflowContext {
    /// Runs steps of which each is undone should a later one fail, or the run be cancelled.
    /// - Throws: `SagaFailure` once everything was undone; `CancellationError` if that was the
    ///   reason. An error that does not fail the run undoes nothing.
    public func saga<R: Sendable>(
        _ body: (Saga<Running>) async throws -> R
    ) async throws -> R {
        try await scope.enterWaiting("saga")
        let saga = Saga(self)
        let branch = scope.branch.branch("saga")
        scope.openSagas.append(saga)
        defer { scope.openSagas.removeAll { $0 === saga } }
        do {
            return try await Branch.$current.withValue(branch) { try await body(saga) }
        } catch {
            guard !(error is Evicted), !scope.isEvicted, RunEnd.fails(Running.self, error) else {
                throw error
            }
            let failure = try await Branch.$current.withValue(branch) {
                try await shielded { try await saga.compensate(error) }
            }
            if error is CancellationError, failure.skipped.isEmpty { throw error }
            throw failure
        }
    }
}
