import EmakiPlatform

/// Counts what the end of a run asks for, and says so once all of it is done.
final class SettlingTally: Sendable {
    private struct Count {
        var left: Int
        var isComplete = true
    }

    private let lock = Lock()
    private let state: Guarded<Count>
    private let whenDone: @Sendable () -> Void

    init(_ count: Int, whenDone: @escaping @Sendable () -> Void) {
        state = Guarded(Count(left: count))
        self.whenDone = whenDone
    }

    /// - Parameter isDone: false if it has to be done again, at the next opening.
    func count(_ isDone: Bool) {
        let isOver = lock.withLock { () -> Bool in
            state.value.left -= 1
            if !isDone { state.value.isComplete = false }
            return state.value.left == 0 && state.value.isComplete
        }
        if isOver { whenDone() }
    }
}
