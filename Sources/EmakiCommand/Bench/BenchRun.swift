import EmakiLog
import EmakiPlatform

/// Runs one operation from opening the store to the finished result.
struct BenchRun: Sendable {
    let plan: BenchPlan
    let folder: String
    /// When the command began, on the monotonic clock.
    let started: Int64

    /// - Returns: the result, and the log, still open; nil if none was opened.
    func run() async throws -> (BenchResult, EventLog?) {
        switch plan.operation {
        case .raw:
            return (try await BenchRaw(plan: plan, folder: folder).run(), nil)
        case .recover:
            return try await recover()
        case .compact:
            return try await compact()
        case .append, .load, .read, .heads, .tail, .workflow:
            break
        }
        let session = try await BenchSession.open(plan, folder: folder)
        var result =
            switch plan.operation {
            case .load: try await session.load()
            case .read, .heads: try await session.read()
            case .tail: try await session.tail()
            case .workflow: try await session.workflow()
            default: try await session.append()
            }
        result.complete(from: session)
        return (result, session.log)
    }
}
