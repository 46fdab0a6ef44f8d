import EmakiLog

/// What is to expire, and what has.
extension Driver {
    /// Offers to let the events that a stream has go at an instant.
    func expire(_ name: String, at instant: Int) throws(Violation) {
        let stream = StreamID(stringLiteral: name)
        counts.removals += 1
        try offer(orLookUp: { core throws(LogError) in
            try core.offerExpiry(of: stream, at: Int64(instant))
        }) { answer throws(Violation) in
            try reference.take(answer, toExpiryOf: stream, at: Int64(instant))
        }
    }

    /// Offers to remove all that has expired by now, as the shell does.
    func removeExpired(at now: Int) throws(Violation) {
        guard let core, !core.isPoisoned, !isStopped else { return }
        let due = core.takeDue(at: Int64(now), limit: .max)
        if !mayBeDamaged { try reference.check(due, at: Int64(now)) }
        for item in due {
            var isStaged = false
            try offer(orLookUp: { core throws(LogError) in
                try core.offerExpired(item)
            }) { answer throws(Violation) in
                switch answer {
                case .staged, .repeated:
                    isStaged = true
                    try reference.take(answer, toExpiredPartOf: item)
                default: break
                }
            }
            if !isStaged, self.core === core { core.putBack([item]) }
        }
    }
}
