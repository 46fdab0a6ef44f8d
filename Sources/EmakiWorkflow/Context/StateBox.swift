import EmakiPlatform

/// The state of a run, which its body and its handlers share.
///
/// Only the thread that executes the run changes it. The lock is for code that broke the rules:
/// it gets a copy, and the run's task fails, but no memory is torn.
final class StateBox<State: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var value: State

    init(_ value: State) { self.value = value }

    var copy: State { lock.withLock { value } }

    func replace(with value: State) { lock.withLock { self.value = value } }
}
