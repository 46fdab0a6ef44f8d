import EmakiPlatform

/// A thread, and a value that only this thread touches: where tasks send calls that block.
final class ThreadBound<Value: ~Copyable>: @unchecked Sendable {
    // Only jobs of `worker` use it, and those run one after the other.
    private var value: Value
    private let worker: WorkerThread

    init(_ value: consuming sending Value, name: String) {
        self.value = value
        worker = WorkerThread(name: name)
    }

    /// Runs the body on the thread, after those that were sent before, while the task is suspended.
    func run<R: Sendable>(
        _ body: @escaping @Sendable (inout Value) throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = worker.run {
                continuation.resume(with: Result { try body(&self.value) })
            }
            precondition(isTaken, "a worker that is held was not stopped")
        }
    }
}
