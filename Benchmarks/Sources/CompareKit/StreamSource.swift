import Synchronization

/// Gives out stream numbers, each one once.
public final class StreamSource: Sendable {
    private let next: Atomic<UInt64>

    public init(base: UInt64) { next = Atomic(base) }

    public func take() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
