/// A suspended task that waits for one value. The cheapest suspension there is: no allocation and
/// no check, so whoever holds a slot must resume it exactly once.
@safe public struct WaitSlot<Value: Sendable>: Sendable {
    @usableFromInline let continuation: UnsafeContinuation<Value, Never>

    @inlinable @inline(__always)
    init(_ continuation: UnsafeContinuation<Value, Never>) {
        // Safe because the slot is the continuation, and nothing more.
        unsafe self.continuation = unsafe continuation
    }

    /// Suspends the calling task and gives its slot to the body, which runs at once.
    @inlinable @inline(__always)
    package nonisolated(nonsending) static func wait(_ body: (WaitSlot) -> Void) async -> Value {
        // Safe because the holder of the slot resumes it exactly once.
        await unsafe withUnsafeContinuation { unsafe body(WaitSlot($0)) }
    }

    /// Lets the task go on with a value.
    @inlinable @inline(__always)
    public func resume(returning value: Value) {
        // Safe because this is the one resume.
        unsafe continuation.resume(returning: value)
    }
}
