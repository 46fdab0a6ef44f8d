/// A suspended task that waits for one value. The cheapest suspension there is: no allocation and
/// no check, so whoever holds a slot must resume it exactly once.
@safe package struct WaitSlot<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    /// Suspends the calling task and gives its slot to the body, which runs at once.
    package nonisolated(nonsending) static func wait(_ body: (WaitSlot) -> Void) async -> Value {
        // Safe because the holder of the slot resumes it exactly once.
        await unsafe withUnsafeContinuation { unsafe body(WaitSlot(continuation: $0)) }
    }

    package func resume(returning value: Value) {
        // Safe because this is the one resume.
        unsafe continuation.resume(returning: value)
    }
}
