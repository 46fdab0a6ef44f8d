import EmakiLog
import Foundation

/// An error as the command reports it: a code for programs, a sentence for people, and the status
/// that the process ends with.
struct CommandFailure: Error, Sendable, Equatable {
    var status: CommandStatus
    /// The case of `LogError`, or a word of the command's own: stable, for programs.
    var code: String
    /// Names the thing, the value and what to do next.
    var message: String
    /// What else a program may want to know, as JSON texts by name.
    var details: [Detail] = []

    struct Detail: Sendable, Equatable {
        var name: String
        var json: String
    }

    init(_ status: CommandStatus, code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    init(_ error: LogError) {
        self.init(CommandStatus(error), code: error.code, Self.sentence(error))
        details = error.details
    }

    /// Whatever a command threw; nil if it only means that nobody reads the output any more.
    init?(reporting error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as LogError: self.init(error)
        case is OutputClosed: return nil
        case is CancellationError:
            self.init(.internalError, code: "cancelled", "the command was interrupted")
        default:
            self.init(.disk, code: "system", Self.sentence(error))
        }
    }

    static func usage(_ message: String) -> CommandFailure {
        CommandFailure(.usage, code: "usage", message)
    }

    /// The members of the `error` object.
    var json: JSONObject {
        var object = JSONObject()
        object.add("code", code)
        for detail in details { object.add(detail.name, json: detail.json) }
        object.add("message", message)
        return object
    }

    private static func sentence(_ error: LogError) -> String {
        // No command appends to a log that it opened for reading, so this is the disk's doing.
        guard case .readOnly = error else { return error.description }
        return "the file system is mounted for reading only; nothing was written: mount it for"
            + " writing and try again"
    }

    /// Errors of Foundation come with the system's own words.
    static func sentence(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError
        return (cause ?? error).localizedDescription
    }
}

extension LogError {
    /// The name of the case: what `--json` calls the error.
    var code: String {
        switch self {
        case .versionConflict: "versionConflict"
        case .idReused: "idReused"
        case .streamDeleted: "streamDeleted"
        case .wouldWait: "wouldWait"
        case .needsLookup: "needsLookup"
        case .wouldDeadlock: "wouldDeadlock"
        case .tooManyFollowers: "tooManyFollowers"
        case .outcomeUnknown: "outcomeUnknown"
        case .poisoned: "poisoned"
        case .closed: "closed"
        case .tooLarge: "tooLarge"
        case .invalid: "invalid"
        case .readOnly: "readOnly"
        case .noSpace: "noSpace"
        case .locked: "locked"
        case .notAStore: "notAStore"
        case .alreadyExists: "alreadyExists"
        case .clockLeap: "clockLeap"
        case .noPermission: "noPermission"
        case .unsupportedFormat: "unsupportedFormat"
        case .disk: "disk"
        case .corrupt: "corrupt"
        case .beyondRepair: "beyondRepair"
        case .lost: "lost"
        }
    }

    fileprivate var details: [CommandFailure.Detail] {
        var object = JSONObject()
        switch self {
        case .versionConflict(let stream, let actual):
            object.add("stream", stream.text)
            object.add("actual", actual.rawValue)
        case .idReused(let stream, let version), .streamDeleted(let stream, let version),
            .lost(let stream, let version):
            object.add("stream", stream.text)
            object.add("version", version.rawValue)
        case .tooLarge(let name, let limit, let value):
            object.add("name", name.rawValue)
            object.add("limit", limit)
            object.add("value", value)
        case .locked(let path, let holder):
            object.add("path", path)
            if let holder { object.add("process", Int(holder)) }
        case .notAStore(let path, _), .alreadyExists(let path), .noPermission(let path):
            object.add("path", path)
        case .unsupportedFormat(let file, let version):
            object.add("file", file)
            object.add("version", Int(version))
        case .disk(let file, let operation, let code):
            object.add("file", file)
            object.add("operation", operation)
            object.add("systemError", Int(code))
        case .corrupt(let corruption), .beyondRepair(let corruption):
            object.add("file", corruption.file)
            object.add("fileOffset", corruption.fileOffset)
            object.add("reason", corruption.reason.rawValue)
        default: break
        }
        return object.members
    }
}
