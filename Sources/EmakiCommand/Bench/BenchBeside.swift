import ArgumentParser
import EmakiLog
import EmakiPlatform
import Synchronization

/// What goes on beside appends, again and again, while they are measured.
enum BenchBeside: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// What was appended is moved to sealed files.
    case seal
    /// And all sealed files are merged into one.
    case merge
    /// Every page and event of every sealed file is read and checked.
    case scrub
    /// The store is backed up into a new folder.
    case backup
    /// A follower reads the log from its beginning, and then what comes.
    case follow
    /// 10,000 appends a second to streams of `--streams` whose version is not in memory.
    case heads
    /// All of these.
    case all

    fileprivate var each: [BenchBeside] {
        self == .all ? [.merge, .scrub, .backup, .follow, .heads] : [self]
    }
}

/// Work in the background of a measured piece, from its start until it is told to stop.
final class BenchBackground: Sendable {
    private let session: BenchSession
    private let isStopped = Atomic(false)
    private let rounds = Atomic(0)

    private static let headsPerSecond = 10_000.0
    private static let headTasks = 64

    init(_ session: BenchSession) { self.session = session }

    /// Times that a piece of work was done, or begun where it has no end.
    var roundCount: Int { rounds.load(ordering: .relaxed) }

    /// Runs the body beside the work.
    func run<R: Sendable>(
        beside work: BenchBeside, _ body: () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for one in work.each { group.addTask { try await self.work(one) } }
            let result: Result<R, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            isStopped.store(true, ordering: .relaxed)
            // A follower ends when it is cancelled; everything else looks.
            group.cancelAll()
            try await group.waitForAll()
            return try result.get()
        }
    }

    private var goesOn: Bool { !isStopped.load(ordering: .relaxed) }

    private func work(_ one: BenchBeside) async throws {
        let log = session.log
        switch one {
        case .seal:
            try await again { try await log.seal(all: true) }
        case .merge:
            try await again {
                try await log.seal(all: true)
                try await log.merge()
            }
        case .scrub:
            try await again { _ = try await log.scrub { _, _ in self.goesOn } }
        case .backup: try await backUp()
        case .follow:
            try await again {
                for try await _ in log.follow() where !self.goesOn { break }
            }
        case .heads: await appendToColdStreams()
        case .all: break
        }
    }

    private func again(_ body: () async throws -> Void) async throws {
        while goesOn {
            rounds.wrappingAdd(1, ordering: .relaxed)
            try await body()
        }
    }

    private func backUp() async throws {
        let folder = session.folder + "-backup-\(SystemClock.wallNanoseconds())"
        defer { BenchFolder.remove(folder) }
        try await again {
            _ = try await session.log.backup(to: folder) { _, _ in self.goesOn }
            BenchFolder.remove(folder)
        }
    }

    /// Arrivals at random, as of an open loop; nobody measures them.
    private func appendToColdStreams() async {
        let desk = BenchDesk()
        let start = SystemClock.monotonicNanoseconds()
        let schedule = BenchSchedule(
            rate: Self.headsPerSecond, seed: UInt64(start), nanoseconds: .max >> 2)
        schedule.begin(at: start)
        SystemThread.start(name: "bench-heads") { [self] in
            BenchTimer.sharpen()
            let timer = BenchTimer()
            while goesOn, let due = schedule.claim() {
                timer.sleep(until: due)
                desk.arrive(due)
            }
            desk.close()
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.headTasks { group.addTask { await self.serveCold(desk) } }
        }
    }

    private func serveCold(_ desk: BenchDesk) async {
        let plan = session.plan
        while goesOn, let due = await desk.next() {
            let stream = 1 + SplitMix.mix64(UInt64(due)) % UInt64(plan.streamCount)
            let payload = [UInt8](repeating: 0x20, count: plan.payloadBytes)
            do throws(LogError) {
                _ = try await session.log.append(
                    Event(type: "E", payload: payload), to: BenchStreams.name(stream))
                rounds.wrappingAdd(1, ordering: .relaxed)
            } catch {
                // Not counted: the summary says how many there were.
            }
        }
    }
}

extension BenchSession {
    /// `--op append --beside`: pieces without anything beside them and pieces with it, by turns, so
    /// that both meet the same disk.
    func append(beside work: BenchBeside) async throws -> BenchResult {
        var result = BenchResult(self)
        var alone = self
        alone.latency = BenchLatency()
        let seconds = plan.seconds / Double(2 * BenchPlan.sliceCount)
        try await measureDevice()
        for slice in 0..<BenchPlan.sliceCount {
            // What the work leaves behind meets the pieces without it as often as those with it.
            if slice % 2 == 0 { _ = try await alone.runSlice(seconds: seconds) }
            try await measureDevice()
            let background = BenchBackground(self)
            let before = result
            result = try await background.run(beside: work) {
                var measured = before
                try await measure(into: &measured) {
                    try await runSlice(seconds: seconds, from: $0)
                }
                return measured
            }
            result.besideRounds += background.roundCount
            try await measureDevice()
            if slice % 2 == 1 { _ = try await alone.runSlice(seconds: seconds) }
        }
        result.aloneLatency = alone.latency.summary
        return result
    }
}
