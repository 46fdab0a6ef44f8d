import EmakiPlatform

/// Runs whose code was being executed when the process before ended: one of them may have ended it.
/// They are taken up last, and one at a time, so that one that does it again is caught alone; then
/// it is quarantined, and nobody else has waited for it.
final class Suspects: @unchecked Sendable {
    /// All trials together take so long at most, unless there are very many, and none longer than
    /// half of it.
    private static let trialsMax: Duration = .seconds(60)
    private static let trialMin: Duration = .milliseconds(100)

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
    private var trialMax = Suspects.trialsMax / 2

    init(_ marks: RunMarks?, triesMax: Int) {
        self.marks = marks
        self.triesMax = max(1, triesMax)
        for suspect in marks?.found ?? [] { table[suspect.hash] = suspect }
        untried = Set(table.keys)
    }

    /// Somebody is waiting for a trial.
    var areThere: Bool { lock.withLock { !untried.isEmpty } }

    /// One of them is being tried.
    var isTrying: Bool { lock.withLock { current != nil } }

    /// A run with this hash has to wait until it is tried.
    func holds(_ hash: UInt64) -> Bool { lock.withLock { untried.contains(hash) } }

    /// The step at which a run with this hash is suspected, 0 for its own code; nil: it is not.
    func step(of hash: UInt64) -> Int? { lock.withLock { table[hash]?.step } }

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
            trialMax = min(
                Self.trialsMax / 2, max(Self.trialMin, Self.trialsMax / max(1, waiting.count)))
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
                guard case .success = result else { return }
                host.isPutAside()
                self?.clear(host.partition)
            },
            .load,
        ])
    }

    /// A suspect's code has gone on, and that is durable.
    func cleared(_ host: RunHost) {
        clear(host.partition)
        passed(host)
    }

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
            marks?.tries(current?.partition ?? 0)
            return current
        }
        guard let next else { return }
        next.release([.load])
        Task.detached { [weak self, weak next, trialMax] in
            try? await Task.sleep(for: trialMax)
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
