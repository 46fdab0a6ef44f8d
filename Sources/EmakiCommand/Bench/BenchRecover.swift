import EmakiLog
import EmakiPlatform

/// Milliseconds from t0: the moment just before the process was started.
struct BenchRecovery: Sendable {
    /// When the command's own code began.
    var mainMilliseconds = 0.0
    /// When the store was open.
    var openMilliseconds = 0.0
    /// When the first append was durable.
    var appendMilliseconds = 0.0
    /// When the first history was read; nil if the store is empty.
    var readMilliseconds: Double?
    /// What opening proved, in words.
    var receipt = ""
}

/// `--op recover`: opens a store that was killed, then at once appends from one thread and reads
/// from another.
extension BenchRun {
    func recover() async throws -> (BenchResult, EventLog?) {
        let t0 = plan.t0 ?? started
        @Sendable func milliseconds(at instant: Int64) -> Double { Double(instant - t0) / 1e6 }
        var recovery = BenchRecovery()
        recovery.mainMilliseconds = milliseconds(at: started)
        let log = try await plan.openLog(at: folder)
        recovery.openMilliseconds = milliseconds(at: SystemClock.monotonicNanoseconds())
        let (appended, read) = try await firstUses(of: log)
        recovery.appendMilliseconds = milliseconds(at: appended)
        recovery.readMilliseconds = read.map { milliseconds(at: $0) }
        recovery.receipt = "\(log.receipt)"
        // Only now, so that nothing of this is part of the time that recovery took.
        let session = try await BenchSession(plan: plan, folder: folder, log: log)
        try await session.measureDevice()
        var result = BenchResult(session)
        result.recovery = recovery
        result.tally.succeed(events: 1)
        result.complete(from: session)
        return (result, log)
    }

    /// - Returns: when the first append was durable, and when the first history was read.
    private func firstUses(of log: EventLog) async throws -> (Int64, Int64?) {
        async let appended = SystemThread.offload(name: "bench-append") {
            () throws(LogError) -> Int64 in
            try appendOne(to: log)
            return SystemClock.monotonicNanoseconds()
        }
        async let read = SystemThread.offload(name: "bench-read") { () throws(LogError) -> Int64? in
            guard try readOne(from: log) else { return nil }
            return SystemClock.monotonicNanoseconds()
        }
        return (try await appended, try await read)
    }

    private func appendOne(to log: EventLog) throws(LogError) {
        let stream = plan.base ?? BenchSession.defaultBase(isFresh: false)
        var event = Event(type: "E", payload: [UInt8](repeating: 0x20, count: plan.payloadBytes))
        event.id = plan.usesIDs ? EventID(low: stream, high: 1) : nil
        let name = try BenchStreams.name(stream)
        let version = try log.version(of: name)
        try log.blocking.append(event, to: name, expecting: .version(version))
    }

    /// Reads the whole history that the log's oldest event belongs to.
    private func readOne(from log: EventLog) throws(LogError) -> Bool {
        guard let oldest = try log.events(limit: 1).first else { return false }
        return try !log.events(in: oldest.stream).isEmpty
    }
}
