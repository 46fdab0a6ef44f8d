import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// A small store in a folder of its own, on a disk that misbehaves on command. Gone when the test
/// is.
///
/// A test that stalls does not hang: after `watchdogSeconds` the process says what the log was
/// waiting for, and ends.
final class ShellStore: Sendable {
    let path: String
    let disk: FaultyFileSystem
    private let watchdog: Watchdog

    /// Longer than a whole run takes: tests that compute for minutes may hold every thread of the
    /// pool, and a task that is ready to go on waits for one of them.
    static let watchdogSeconds: Int64 = 1200

    init(
        _ options: StoreOptions = StoreOptions(segmentBytes: 128 << 10),
        method: SyncMethod = .dataSync, named name: String = #function
    ) throws {
        path = NSTemporaryDirectory() + "emaki-shell-\(UUID().uuidString)"
        let files = PosixFileSystem(root: path)
        disk = FaultyFileSystem(files)
        watchdog = Watchdog(name: name, seconds: Self.watchdogSeconds)
        try files.makeFolder("")
        _ = try StoreCreation.lay(
            options, blockBytes: 4096, method: method, rawLatency: 0, in: files, path: path,
            entropy: SystemEntropy(), now: 0)
    }

    deinit {
        watchdog.disarm()
        do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
    }

    /// Opens the store on the faulty disk, or on one in front of it. The idle mark is far away
    /// unless asked for.
    func open(
        on files: (any FileSystem)? = nil, _ change: (inout Configuration) -> Void = { _ in }
    ) throws(LogError) -> EventLog {
        var configuration = Configuration()
        configuration.idleMarkDelay = .seconds(3600)
        change(&configuration)
        let lockFile = try StoreCreation.lock(PosixFileSystem(root: path), path: path)
        let log = try EventLog.open(
            in: files ?? disk, configuration, lockFile, entropy: SystemEntropy())
        watchdog.watch(log.committer)
        return log
    }
}

/// Ends a stalled test process, with the state of the logs it used.
final class Watchdog: @unchecked Sendable {
    private let word = WaitWord()
    private let lock = Lock()
    private var isDisarmed = false
    private var committers: [WeakCommitter] = []

    private struct WeakCommitter { weak var value: Committer? }

    init(name: String, seconds: Int64) {
        let (word, seen) = (word, word.value)
        SystemThread.start(name: "watchdog") { [weak self] in
            if word.wait(while: seen, nanoseconds: seconds * 1_000_000_000) { return }
            guard let self else { return }
            FileHandle.standardError.write(Data("\(name) stalled\n\(self.dump())\n".utf8))
            exit(86)
        }
    }

    func watch(_ committer: Committer) {
        lock.withLock { committers.append(WeakCommitter(value: committer)) }
    }

    func disarm() {
        word.bump()
        word.wakeAll()
    }

    /// Reads without the log's lock: whoever holds it may be what is stuck.
    private func dump() -> String {
        let alive = lock.withLock { committers.compactMap(\.value) }
        return alive.map { committer in
            let core = committer.core
            return """
                durable \(core.durableEnd) staged \(core.stagedEnd) hasStaged \(core.hasStaged)\
                 isWriting \(core.isWriting) isPoisoned \(core.isPoisoned)
                leased \(committer.queue.isLeased) closing \(committer.queue.isClosing)\
                 closed \(committer.isClosed) loopResting \(committer.isLoopResting)\
                 restsWithoutTimer \(committer.queue.restsWithoutTimer)
                waiters \(committer.waiters.count) admissions \(committer.admissions.count)\
                 threadAdmissions \(committer.threadAdmissions.count)\
                 sleepers \(committer.sleepers.count) writeCount \(committer.writeCount)
                ready \(core.readyCount) isPreparing \(core.isPreparing)\
                 segmentFailure \(String(describing: core.segmentFailure))
                """
        }.joined(separator: "\n--\n")
    }
}

// MARK: - Doing things at the same time

/// Runs a blocking body on a thread of its own.
func onThread<R: Sendable>(
    _ body: @escaping @Sendable () throws(LogError) -> R
) async -> Result<R, LogError> {
    await SystemThread.offload(name: "test") {
        do throws(LogError) { return .success(try body()) } catch { return .failure(error) }
    }
}

/// What a call answered.
func outcome<R>(
    _ body: () async throws(LogError) -> R
) async -> Result<R, LogError> {
    do throws(LogError) { return .success(try await body()) } catch { return .failure(error) }
}

/// Suspends until a condition holds that other threads bring about. The test's watchdog ends it.
func passed(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}

extension Result {
    var error: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

extension EventLog {
    /// A look at the shell's own state.
    func peek<R>(_ body: (Committer) -> R) -> R {
        committer.lock.withLock { body(committer) }
    }

    /// Suspends until so many events are staged or in flight.
    func pending(_ count: Int) async { await passed { statistics.pendingEvents == count } }

    /// Suspends until so many appends wait for room.
    func waitingForRoom(_ count: Int) async {
        await passed { peek { $0.admissions.count + $0.threadAdmissions.count } == count }
    }

    /// Suspends until the loop sleeps, with or without a timer.
    func resting() async { await passed { peek { $0.isLoopResting } } }
}

/// A small event, with an id if asked for.
func event(_ number: Int = 0, id: Int? = nil, bytes: Int? = nil) -> Event {
    Event(
        type: "Counted",
        payload: bytes.map { [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: $0) }
            ?? Array("\(number)".utf8),
        id: id.map { EventID(low: UInt64($0), high: 7) })
}

/// A door that one job waits at and another opens.
final class Gate: @unchecked Sendable {
    private let word = WaitWord()
    private let arrivals = WaitWord()

    /// Blocks the thread until the gate is open.
    func wait() {
        arrivals.bump()
        word.wait(while: 0)
    }

    func open() {
        word.bump()
        word.wakeAll()
    }

    var isOpen: Bool { word.value > 0 }

    /// Suspends until somebody waits at the gate, or has passed it.
    func reached() async { await passed { arrivals.value > 0 } }
}

extension CommitLoop {
    /// A job that keeps the loop's thread until the gate opens.
    func occupy(until gate: Gate) -> Task<Void, Never> {
        Task(executorPreference: self) { gate.wait() }
    }
}
