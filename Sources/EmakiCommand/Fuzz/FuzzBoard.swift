import EmakiPlatform
import EmakiSimulation

/// A workload that broke a promise, or that its process did not survive.
struct FuzzFailure: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// The run names the promise.
        case brokenPromise
        /// The process died by this signal.
        case trap(signal: Int32)
        /// It did not come to an end.
        case hang
    }
    var seed: UInt64
    var kind: Kind
}

/// What all workers together have done.
struct FuzzTally: Sendable {
    var counts = RunCounts()
    var failure: FuzzFailure?
    /// Ctrl-C, or somebody ended a worker.
    var wasInterrupted = false
    /// A worker ended by itself with this status: the command itself is at fault.
    var workerStatus: Int32?
    var started = SystemClock.monotonicNanoseconds()
    var ended: Int64?

    func seconds(at instant: Int64) -> Double {
        Double((ended ?? instant) - started) / 1e9
    }
}

/// Where workers' lines are gathered, from a thread for each.
final class FuzzBoard: @unchecked Sendable {
    enum Outcome {
        case done
        case failed(Int32)
        case signal(Int32)
    }

    private struct Worker {
        var seed: UInt64?
        var lastWord = SystemClock.monotonicNanoseconds()
        var isGone = false
    }

    private let lock = Lock()
    /// Changes when a worker is gone or found something.
    let news = WaitWord()

    // Guarded by `lock`.
    private var workers: [Worker]
    private var sum = FuzzTally()

    init(jobCount: Int) { workers = [Worker](repeating: Worker(), count: jobCount) }

    var tally: FuzzTally { lock.withLock { sum } }
    var isOver: Bool { lock.withLock { workers.allSatisfy(\.isGone) } }

    func note(_ word: FuzzWord, from job: Int) {
        let isNews = lock.withLock {
            workers[job].lastWord = SystemClock.monotonicNanoseconds()
            switch word {
            case .seed(let seed): workers[job].seed = seed
            case .counts(let counts): sum.counts += counts
            case .failed(let seed):
                fail(FuzzFailure(seed: seed, kind: .brokenPromise))
                return true
            }
            return false
        }
        if isNews { news.bump() }
    }

    /// The worker closed its end of the pipe.
    func hangUp(_ job: Int) {
        lock.withLock {
            workers[job].isGone = true
            if workers.allSatisfy(\.isGone) { sum.ended = SystemClock.monotonicNanoseconds() }
        }
        news.bump()
    }

    /// Workers that have said nothing for this long.
    func stuck(for nanoseconds: Int64, at instant: Int64) -> [Int] {
        lock.withLock {
            workers.indices.filter {
                !workers[$0].isGone && instant - workers[$0].lastWord > nanoseconds
            }
        }
    }

    /// Ctrl-C.
    func interrupt() {
        lock.withLock { sum.wasInterrupted = true }
        news.bump()
    }

    func noteHang(of job: Int) {
        lock.withLock {
            if let seed = workers[job].seed { fail(FuzzFailure(seed: seed, kind: .hang)) }
        }
    }

    /// How a worker's process ended.
    /// - Parameter signals: they come from us or from somebody else, and are no traps.
    func noteEnd(of job: Int, _ outcome: Outcome, outside signals: Set<Int32>) {
        lock.withLock {
            switch outcome {
            case .done: break
            case .failed(let status): sum.workerStatus = sum.workerStatus ?? status
            case .signal(let signal) where signals.contains(signal):
                sum.wasInterrupted = sum.wasInterrupted || sum.failure == nil
            case .signal(let signal):
                if let seed = workers[job].seed {
                    fail(FuzzFailure(seed: seed, kind: .trap(signal: signal)))
                }
            }
        }
    }

    /// The first one counts. Called with the lock.
    private func fail(_ failure: FuzzFailure) { sum.failure = sum.failure ?? failure }
}
