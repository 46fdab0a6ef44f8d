import EmakiPlatform
import EmakiWorkflow

/// What happens to attempts at activities, instead of or before what they do.
final class ActivityPlan: Sendable {
    enum Step: Sendable {
        case fails(any Error)
        case takes(Duration)
        case timesOut(Duration)
    }

    private struct Place: Hashable {
        var name: String
        var attempt: Int
    }

    private struct State {
        var steps: [Place: Step] = [:]
        var counts: [String: Int] = [:]
    }

    private let lock = Lock()
    private let state = Guarded(State())

    func set(_ step: Step, _ name: String, _ attempt: Int) {
        lock.withLock { state.value.steps[Place(name: name, attempt: attempt)] = step }
    }

    func begin(_ name: String, _ attempt: Int) -> Step? {
        lock.withLock {
            state.value.counts[name, default: 0] += 1
            return state.value.steps[Place(name: name, attempt: attempt)]
        }
    }

    func count(of name: String) -> Int { lock.withLock { state.value.counts[name] ?? 0 } }
}

/// An activity with a plan.
struct PlannedActivity<Base: Activity>: Activity {
    static var activityName: String { Base.activityName }
    static var options: ActivityOptions { Base.options }

    let base: Base
    let plan: ActivityPlan
    let clock: SkippingClock
    let life: ProcessLife

    func run(context: ActivityContext, input: Base.Input) async throws -> Base.Output {
        // What a process that is gone does is not done.
        if life.isOver { throw CancellationError() }
        switch plan.begin(Base.activityName, context.info.attempt) {
        case nil: break
        case .fails(let error): throw error
        case .takes(let duration): clock.advance(by: duration)
        case .timesOut(let duration):
            clock.advance(by: duration)
            while !Task.isCancelled, !life.isOver { await Task.yield() }
        }
        if life.isOver { throw CancellationError() }
        return try await base.run(context: context, input: input)
    }
}
