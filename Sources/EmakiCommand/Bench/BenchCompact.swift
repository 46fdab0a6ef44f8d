import EmakiLog
import EmakiPlatform

/// `--op compact`: seals what is full, and merges all sealed files into as few as possible.
extension BenchRun {
    func compact() async throws -> (BenchResult, EventLog?) {
        var configuration = Configuration()
        // What is asked for is done, and nothing else.
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        let log = try await plan.openLog(at: folder, configuration)
        let session = try await BenchSession(plan: plan, folder: folder, log: log)
        var result = BenchResult(session)
        try await session.measure(into: &result) { _ in
            try await log.seal()
            try await log.merge()
            var tally = BenchTally()
            tally.succeed(events: log.statistics.eventsInSealedFiles)
            return tally
        }
        try await session.measureDevice()
        result.complete(from: session)
        return (result, log)
    }
}
