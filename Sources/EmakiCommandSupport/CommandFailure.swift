import EmakiLog
import Foundation

/// An error as the command reports it: a code for programs, a sentence for people, and the status
/// that the process ends with.
package struct CommandFailure: Error, Sendable, Equatable {
    package var status: CommandStatus
    /// The case of `LogError`, or a word of the command's own: stable, for programs.
    package var code: String
    /// Names the thing, the value and what to do next.
    package var message: String
    /// What else a program may want to know, as JSON texts by name.
    package var details: [JSONObject.Member] = []

    package init(_ status: CommandStatus, code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    package init(_ error: LogError) {
        self.init(CommandStatus(error), code: error.code, Self.sentence(error))
        details = error.details
    }

    package init(_ fault: ControlFault) {
        self.init(CommandStatus(code: fault.code), code: fault.code, fault.message)
        details = fault.details
    }

    /// Whatever a command threw; nil if it only means that nobody reads the output any more.
    package init?(reporting error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as LogError: self.init(error)
        case let fault as ControlFault: self.init(fault)
        case is OutputClosed: return nil
        case is CancellationError:
            self.init(.internalError, code: "cancelled", "the command was interrupted")
        default:
            self.init(.disk, code: "system", Self.sentence(error))
        }
    }

    package static func usage(_ message: String) -> CommandFailure {
        CommandFailure(.usage, code: "usage", message)
    }

    /// The members of the `error` object.
    package var json: JSONObject {
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
    package static func sentence(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError
        return (cause ?? error).localizedDescription
    }
}
