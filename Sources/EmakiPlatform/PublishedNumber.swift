import Synchronization

/// A number that one thread sets and others read without waiting for it.
///
/// Whoever reads a number sees what was stored before it was set.
package final class PublishedNumber: Sendable {
    private let number: Atomic<UInt64>

    package init(_ value: UInt64) { number = Atomic(value) }

    package var value: UInt64 { number.load(ordering: .acquiring) }

    package func set(_ value: UInt64) { number.store(value, ordering: .releasing) }
}
