import EmakiPlatform

/// Looks at all sealed files of an open log again and again, slowly, on a thread of its own.
final class Scrubber: @unchecked Sendable {
    /// What it has done since the log was opened.
    struct Figures: Equatable {
        var bytes: UInt64 = 0
        var passes: UInt64 = 0
        var repairs: UInt64 = 0
        var lastRepair: String?
        var damages: UInt64 = 0
        var lastDamage: ScrubDamage?
        var failure: String?
    }

    private let lock = Lock()
    // Guarded by `lock`.
    private var current = Figures()
    private var isStopping = false

    private let stopped = WaitWord()
    private let ended = WaitWord()
    private let random: UInt64

    /// - Parameter random: decides where passes begin.
    init(random: UInt64) { self.random = random }

    var figures: Figures { lock.withLock { current } }

    func start(on committer: Committer) {
        SystemThread.start(name: "emaki-scrub") { [self] in
            run(on: committer)
            ended.bump()
            ended.wakeAll()
        }
    }

    /// Returns once the thread has ended: it is at most one piece away from that.
    func stop() {
        lock.withLock { isStopping = true }
        stopped.bump()
        stopped.wakeAll()
        ended.wait(while: 0)
    }

    private func run(on committer: Committer) {
        let configuration = committer.core.configuration
        var schedule = ScrubSchedule(
            bytesPerSecond: configuration.scrubBytesPerSecond,
            interval: configuration.scrubInterval.wholeNanoseconds,
            now: SystemClock.monotonicNanoseconds())
        while true {
            let now = SystemClock.monotonicNanoseconds()
            if let rest = schedule.restBeforePass(now: now) {
                guard pause(rest) else { return }
                continue
            }
            schedule.begin(now: now)
            do throws(LogError) {
                guard try scrub(committer, schedule) else { return }
                lock.withLock { current.failure = nil }
            } catch .closed {
                return
            } catch {
                // The next pass finds out whether it was for good.
                lock.withLock { current.failure = "\(error)" }
            }
        }
    }

    /// One pass.
    /// - Returns: false if it is to stop.
    private func scrub(
        _ committer: Committer, _ schedule: ScrubSchedule
    ) throws(LogError) -> Bool {
        let pass = ScrubPass(
            over: try committer.reading { $0.sealed }, in: committer.core.files, random: random)
        while true {
            let started = SystemClock.monotonicNanoseconds()
            let sealed = try committer.reading { $0.sealed }
            guard let outcome = try pass.step(over: sealed) else { break }
            take(outcome)
            let worked = SystemClock.monotonicNanoseconds() - started
            guard pause(schedule.restAfterPiece(bytes: outcome.bytes, nanoseconds: worked)) else {
                return false
            }
        }
        try scrubRemovals(committer)
        lock.withLock { current.passes += 1 }
        return true
    }

    private func scrubRemovals(_ committer: Committer) throws(LogError) {
        let core = committer.core
        guard let file = try committer.reading({ $0.manifest.removalFile }) else { return }
        var report = ScrubReport()
        try file.scrub(in: core.files, storeID: core.store.storeID, false, &report)
        var outcome = ScrubPass.Outcome()
        if report.repairedPages > 0 { outcome.repairs = [(file.path, 0)] }
        outcome.damages = report.damages.map { ScrubDamage(corruption: $0, streams: []) }
        take(outcome)
    }

    private func take(_ outcome: ScrubPass.Outcome) {
        lock.withLock {
            current.bytes += UInt64(outcome.bytes)
            current.repairs += UInt64(outcome.repairs.count)
            if let last = outcome.repairs.last {
                current.lastRepair = "\(last.file):\(last.fileOffset)"
            }
            current.damages += UInt64(outcome.damages.count)
            current.lastDamage = outcome.damages.last ?? current.lastDamage
        }
    }

    /// - Returns: false if it is to stop.
    private func pause(_ nanoseconds: Int64) -> Bool {
        let seen = stopped.value
        guard !lock.withLock({ isStopping }) else { return false }
        return !stopped.wait(while: seen, nanoseconds: nanoseconds)
    }
}

extension EventLog {
    /// Begins to scrub in the background, where that is wanted.
    func startScrubbing(_ entropy: any Entropy) {
        let configuration = committer.core.configuration
        guard configuration.scrubBytesPerSecond > 0, !configuration.isReadOnly else { return }
        let scrubber = Scrubber(random: entropy.next())
        committer.lock.withLock { committer.scrubber = scrubber }
        scrubber.start(on: committer)
    }
}
