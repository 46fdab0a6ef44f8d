/// A value in memory of its own, for a class whose methods use it under a lock, or on one thread
/// only.
///
/// The compiler guards the stored properties of a class against overlapping access with calls into
/// the runtime, a dozen of them for one append. A lock says the same thing once. Debug builds, and
/// with them the tests, keep the compiler's checks.
@safe public final class Guarded<Value: ~Copyable>: @unchecked Sendable {
    #if DEBUG
        /// The value.
        public var value: Value

        /// Takes the value over.
        public init(_ value: consuming Value) { self.value = value }
    #else
        @usableFromInline let place: UnsafeMutablePointer<Value>

        /// Takes the value over.
        @inlinable
        public init(_ value: consuming Value) {
            // Safe because the memory is initialised before its first use, and kept by `self`.
            unsafe place = .allocate(capacity: 1)
            unsafe place.initialize(to: value)
        }

        @inlinable
        deinit {
            // Safe because nobody refers to the value any more.
            unsafe place.deinitialize(count: 1)
            unsafe place.deallocate()
        }

        /// The value.
        @inlinable
        public var value: Value {
            // Safe because the memory lives as long as `self`, and whoever has the value to
            // himself is the only one to ask.
            @inline(__always) _read { yield unsafe place.pointee }
            @inline(__always) _modify { yield unsafe &place.pointee }
        }
    #endif
}
