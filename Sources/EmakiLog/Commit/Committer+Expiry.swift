import EmakiPlatform

/// Carrying out what has expired: a removal for each stream, like one that a caller asks for.
extension Committer {
    /// Streams that are taken from the queue under one lock.
    private static let takenAtOnce = 256
    /// By so much the clock may be ahead of the newest commit and the time that the log is open.
    static let leapMax: Int64 = 86_400_000_000_000

    /// The clock, unless it cannot be believed: removing by a clock that is years ahead would
    /// remove everything.
    /// - Throws: `.clockLeap`.
    func believedInstant(trustingClock: Bool) throws(LogError) -> Int64 {
        let now = SystemClock.wallNanoseconds()
        return try Self.believed(
            now: now, newest: core.newestInstantAtOpening ?? now,
            openFor: SystemClock.monotonicNanoseconds() - openedAt, trustingClock: trustingClock)
    }

    static func believed(
        now: Int64, newest: Int64, openFor: Int64, trustingClock: Bool
    ) throws(LogError) -> Int64 {
        let (latest, isBeyond) = newest.addingReportingOverflow(openFor + leapMax)
        guard trustingClock || isBeyond || now <= latest else {
            throw .clockLeap(now: now, latest: latest)
        }
        return now
    }

    /// Removes what is due, on a plain thread.
    /// - Parameter waits: until there is room, and until all is durable; otherwise `.wouldWait`
    ///   ends it, and what finds no room stays due.
    /// - Returns: how many streams lost something.
    func removeExpired(at now: Int64, waits: Bool) throws(LogError) -> Int {
        var count = 0
        var end = Position.start
        while true {
            let due = lock.withLock { core.takeDue(at: now, limit: Self.takenAtOnce) }
            guard !due.isEmpty else { break }
            for (index, item) in due.enumerated() {
                do throws(LogError) {
                    let batch = MeasuredBatch(
                        removal: RemovalSource(
                            stream: item.stream, expected: .anything, request: .expired(item)))
                    if let itsEnd = try stage(batch, waits: waits) {
                        end = max(end, itsEnd)
                        count += 1
                    }
                } catch {
                    lock.withLock { core.putBack(due[index...]) }
                    throw error
                }
            }
        }
        guard waits else { return count }
        lock.lock()
        switch waitOnThread(for: end) {
        case .poisoned: throw .outcomeUnknown
        case .closed: throw .closed
        default: return count
        }
    }

    /// - Returns: where the removal ends; nil if something else was quicker.
    private func stage(
        _ batch: MeasuredBatch<RemovalSource>, waits: Bool
    ) throws(LogError) -> Position? {
        do throws(LogError) {
            guard case .staged(let positions) = try reserve(batch, version: { _, _ in }) else {
                return nil
            }
            return positions.upperBound
        } catch .wouldWait where waits {
            let commitment = try commitOnThread(batch) { _, _ in }
            return commitment.wasStoredBefore ? nil : commitment.positions.upperBound
        }
    }

    /// As far as there is something due, and room for it.
    func removeExpiredInBackground() {
        do throws(LogError) {
            _ = try removeExpired(at: believedInstant(trustingClock: false), waits: false)
        } catch {
            // It stays due, and `removeExpired` says why.
        }
    }
}

extension LogCore {
    /// Streams of which the expiry has come, and is durable; each is handed out once.
    package func takeDue(at now: Int64, limit: Int) -> [DueExpiry] {
        staging.removals.takeDue(at: now, limit: limit)
    }

    /// They could not be carried out.
    package func putBack(_ due: ArraySlice<DueExpiry>) { staging.removals.putBack(due) }
}

/// Events of a stream that have expired.
package struct DueExpiry: Equatable, Sendable {
    package let stream: StreamID
    let expiry: Removals.Expiry

    /// The newest version that goes.
    package var through: StreamVersion { expiry.through }
}
