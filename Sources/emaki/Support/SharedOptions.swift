import ArgumentParser
import EmakiLog
import Foundation

/// The store that a command works on.
struct StoreArgument: ParsableArguments {
    @Argument(help: "The store's folder.", completion: .directory)
    var store: String

    /// Opens, works, closes; closes also when the work throws.
    func open<R>(
        _ configuration: Configuration, _ body: (EventLog) async throws -> R
    ) async throws -> R {
        try await closing(try await EventLog.open(at: store, configuration), body)
    }

    /// Works, and closes also when the work throws.
    func closing<R>(
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

/// For commands that only look.
struct DamageOption: ParsableArguments {
    @Flag(help: "Read what is whole of a damaged store, instead of refusing it.")
    var damaged = false

    var configuration: Configuration { .readOnly(toleratingDamage: damaged) }
}

/// How a command answers.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Answer in JSON: one object, or one object a line for lists.")
    var json = false
}

/// An expectation on the command line: a version, "none" or "any".
enum ExpectationText {
    static func parse(_ text: String) -> ExpectedVersion? {
        switch text {
        case "any": .anything
        case "none": .noStream
        default: UInt64(text).map { .version(StreamVersion($0)) }
        }
    }
}

extension ExpectedVersion: ExpressibleByArgument {
    /// Reads what the help of `--expecting` lists.
    public init?(argument: String) {
        guard let expected = ExpectationText.parse(argument) else { return nil }
        self = expected
    }

    /// For the help.
    public var defaultValueDescription: String {
        switch self {
        case .anything: "any"
        case .noStream: "none"
        case .version(let version): version.description
        }
    }
}

extension EventID: ExpressibleByArgument {
    /// Reads 32 hexadecimal digits or a UUID.
    public init?(argument: String) { self.init(argument) }
}
