import EmakiPlatform

/// Counts those who took a log over, one after the other, within this process: an engine on the log
/// appends only while it is the newest.
///
/// Who appends says so before and after. A new owner therefore knows when the last append of those
/// before it is over: what it reads from then on is everything they will ever have appended.
package final class LogOwnership: Sendable {
    private typealias Waiting = (slot: WaitSlot<UInt64>, epoch: UInt64)

    private struct State {
        var epoch: UInt64 = 0
        /// Appends that are under way.
        var appending = 0
        /// New owners that wait until there are none.
        var waiting: [Waiting] = []
    }

    private let lock = Lock()
    private let state = Guarded(State())

    /// A log that nobody took over yet.
    package init() {}

    /// Takes the log over, and waits for the appends that its owners of before have under way. The
    /// new owner's begin when it knows its epoch.
    /// - Returns: the new owner's epoch.
    package nonisolated(nonsending) func claim() async -> UInt64 {
        await WaitSlot<UInt64>.wait { slot in
            let epoch = lock.withLock { () -> UInt64? in
                state.value.epoch += 1
                guard state.value.appending > 0 else { return state.value.epoch }
                state.value.waiting.append((slot, state.value.epoch))
                return nil
            }
            if let epoch { slot.resume(returning: epoch) }
        }
    }

    /// Begins an append. It has to be ended.
    /// - Returns: false, and nothing has begun, for an owner that was replaced.
    package func begin(_ epoch: UInt64) -> Bool {
        lock.withLock {
            guard epoch == state.value.epoch else { return false }
            state.value.appending += 1
            return true
        }
    }

    /// Ends an append that was begun.
    package func end() {
        let waiting = lock.withLock { () -> [Waiting] in
            state.value.appending -= 1
            guard state.value.appending == 0 else { return [] }
            defer { state.value.waiting = [] }
            return state.value.waiting
        }
        for (slot, epoch) in waiting { slot.resume(returning: epoch) }
    }
}
