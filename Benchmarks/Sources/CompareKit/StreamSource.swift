import Synchronization

/// Gives out stream numbers, each one once.
package final class StreamSource: Sendable {
    private let next: Atomic<UInt64>

    package init(base: UInt64) { next = Atomic(base) }

    package func take() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
