import ArgumentParser
import EmakiLog

/// The store that a command works on.
package struct StoreArgument: ParsableArguments {
    @Argument(help: "The store's folder.", completion: .directory)
    package var store: String

    package init() {}

    /// Opens, works, closes; closes also when the work throws.
    package func open<R>(
        _ configuration: Configuration, _ body: (EventLog) async throws -> R
    ) async throws -> R {
        try await closing(try await EventLog.open(at: store, configuration), body)
    }

    /// Works, and closes also when the work throws.
    package func closing<R>(
        _ log: EventLog, _ body: (EventLog) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(log)
            await log.close()
            return result
        } catch {
            await log.close()
            throw error
        }
    }
}

/// How a command answers.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Answer in JSON: one object, or one object a line for lists.")
    package var json = false

    package init() {}
}
