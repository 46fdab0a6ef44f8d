import EmakiPlatform

/// Counts those who took a log over, one after the other, within this process: an engine on the log
/// appends only while it is the newest.
package final class LogOwnership: Sendable {
    private let lock = Lock()
    private let count = Guarded<UInt64>(0)

    /// Of the newest owner; 0: there has been none.
    package var epoch: UInt64 { lock.withLock { count.value } }

    /// Takes the log over.
    /// - Returns: the new owner's epoch.
    package func claim() -> UInt64 {
        lock.withLock {
            count.value += 1
            return count.value
        }
    }
}
