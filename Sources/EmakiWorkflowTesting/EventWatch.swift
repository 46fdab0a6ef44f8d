import EmakiPlatform
import EmakiWorkflow

/// Waits until engines have recorded an event. Give it to them as an observer.
///
///     let watch = EventWatch()
///     options.observers.append(watch)
///     await watch.wait(for: "TimerStarted", of: "approval-3")
public final class EventWatch: EngineObserver {
    private struct Waiter {
        var name: String
        var workflowID: String
        var continuation: CheckedContinuation<Void, Never>
    }

    private let lock = Lock()
    // Guarded by `lock`.
    private let seen = Guarded<[String: Set<String>]>([:])
    private let waiters = Guarded<[Waiter]>([])

    /// Has seen nothing.
    public init() {}

    /// Returns once an event of this type was recorded in a run of the workflow, since the watch
    /// was made.
    /// - Parameter typeName: as `HistoryEvent.typeName` has it.
    public func wait(for typeName: String, of workflowID: String) async {
        await withCheckedContinuation { continuation in
            let isThere = lock.withLock { () -> Bool in
                if seen.value[workflowID]?.contains(typeName) == true { return true }
                waiters.value.append(
                    Waiter(name: typeName, workflowID: workflowID, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// See `EngineObserver`.
    public func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {
        let names = Set(events.map(\.typeName))
        let ready = lock.withLock { () -> [Waiter] in
            seen.value[workflowID, default: []].formUnion(names)
            let ready = waiters.value.filter {
                $0.workflowID == workflowID && names.contains($0.name)
            }
            waiters.value.removeAll { $0.workflowID == workflowID && names.contains($0.name) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }
}
