import EmakiPlatform

/// Runs whose code was being executed when the process before ended: one of them may have ended it.
/// They are taken up last, and one at a time, so that one that does it again is caught alone; then
/// it is quarantined, and nobody else has waited for it.
final class Suspects: @unchecked Sendable {
    /// One is tried so long before the next may be, too.
    private static let trialSeconds = 30

    private let marks: RunMarks?
    private let triesMax: Int
    private let lock = Lock()
    // Guarded by `lock`.
    private var table: [UInt64: RunMarks.Suspect] = [:]
    /// Whose homes are held until their trials.
    private var untried: Set<UInt64>
    /// Their workflow ids, in the order of their trials.
    private var waiting: [RunHost] = []
    private var current: RunHost?

    init(_ marks: RunMarks?, triesMax: Int) {
        self.marks = marks
        self.triesMax = max(1, triesMax)
        for suspect in marks?.found ?? [] { table[suspect.hash] = suspect }
        untried = Set(table.keys)
    }

    /// A run with this hash has to wait until it is tried.
    func holds(_ hash: UInt64) -> Bool { lock.withLock { untried.contains(hash) } }

    /// Tries those that wait, among the homes that have something to do.
    func begin(_ hosts: [RunHost]) {
        let (caught, left) = lock.withLock { () -> ([(RunHost, RunMarks.Suspect)], [UInt64]) in
            var caught: [(RunHost, RunMarks.Suspect)] = []
            for host in hosts {
                guard let suspect = table[host.partition] else { continue }
                if suspect.tries >= triesMax {
                    caught.append((host, suspect))
                } else {
                    waiting.append(host)
                }
            }
            waiting.sort {
                table[$0.partition]?.tries ?? 0 > table[$1.partition]?.tries ?? 0
            }
            let kept = Set(hosts.map(\.partition))
            return (caught, table.keys.filter { !kept.contains($0) })
        }
        // What has nothing to do is nobody's suspect.
        for hash in left { clear(hash) }
        for (host, suspect) in caught { quarantine(host, suspect) }
        tryNext()
    }

    private func quarantine(_ host: RunHost, _ suspect: RunMarks.Suspect) {
        lock.withLock { _ = untried.remove(suspect.hash) }
        host.release([
            .quarantine(tries: suspect.tries, step: suspect.step) { [weak self] result in
                if case .success = result { self?.clear(host.partition) }
            },
            .load,
        ])
    }

    /// A suspect's code has gone on, and that is durable.
    func cleared(_ host: RunHost) { clear(host.partition) }

    /// A home has nothing under way any more, or its trial took long enough. It stays suspected
    /// until its code has gone on.
    func passed(_ host: RunHost) {
        let wasCurrent = lock.withLock { () -> Bool in
            guard current === host else { return false }
            current = nil
            return true
        }
        if wasCurrent { tryNext() }
    }

    private func tryNext() {
        let next = lock.withLock { () -> RunHost? in
            guard current == nil else { return nil }
            current = waiting.popLast()
            if let current { untried.remove(current.partition) }
            return current
        }
        marks?.tries(next?.partition ?? 0)
        guard let next else { return }
        next.release([.load])
        Task.detached { [weak self, weak next] in
            try? await Task.sleep(for: .seconds(Self.trialSeconds))
            if let next { self?.passed(next) }
        }
    }

    private func clear(_ hash: UInt64) {
        lock.withLock {
            table[hash] = nil
            untried.remove(hash)
        }
        marks?.clear(hash)
    }
}
