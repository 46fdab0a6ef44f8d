import EmakiLog

/// What may be there after a repair.
extension ReferenceLog {
    /// Holds a log that was repaired against what was appended: each event that is there is the one
    /// that was appended at its position, with its version, and each that is not is in a loss that
    /// the receipt names. What is missing at the end was not proven to be there (N1), or the damage
    /// would have been refused with an end behind it.
    /// - Throws: the promise that is broken.
    package func checkRepaired(_ core: LogCore) throws(Violation) {
        let range = core.firstPosition.rawValue..<core.durableEnd.rawValue
        guard range.lowerBound >= first || former.count >= Int(first - range.lowerBound),
            range.upperBound <= end
        else {
            throw Violation(
                .repairRenumbersNothing, "a repaired log holds \(range) of \(first)..<\(end)")
        }
        for position in range {
            let seen = try core.readable(at: position)
            if seen == nil, position >= first, mayBeEmpty(at: position) { continue }
            guard let seen else {
                let isNamed = core.receipt.losses.contains {
                    $0.firstPosition.rawValue <= position && position < $0.endPosition.rawValue
                }
                if isNamed { continue }
                throw Violation(
                    .repairRenumbersNothing,
                    "position \(position) is gone after a repair, and no loss names it")
            }
            let stored = appended(at: position)
            guard position < first || stored.special != .forgotten,
                position < first || !isHiddenByHeld(stored, at: position, core)
            else {
                throw Violation(
                    .repairRenumbersNothing,
                    "after a repair position \(position) shows what was removed")
            }
            guard seen.isSame(as: stored) else {
                throw Violation(
                    .repairRenumbersNothing,
                    "after a repair position \(position) is version \(seen.version) of"
                        + " \(seen.stream) instead of version \(stored.version) of"
                        + " \(stored.stream)")
            }
        }
    }

    /// An event was removed, and the removal is not in a loss.
    private func isHiddenByHeld(_ stored: Stored, at position: UInt64, _ core: LogCore) -> Bool {
        let removals = streams[stored.stream]?.removals ?? []
        return removals.contains { removal in
            removal.through >= stored.version && removal.position < core.durableEnd.rawValue
                && !core.receipt.losses.contains {
                    $0.firstPosition.rawValue <= removal.position
                        && removal.position < $0.endPosition.rawValue
                }
        }
    }

    /// An event that is held, or was given back: a repair may meet a retirement half done.
    private func appended(at position: UInt64) -> Stored {
        position >= first
            ? event(at: position) : former[former.count - Int(first - position)]
    }
}
