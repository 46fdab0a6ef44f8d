import ArgumentParser
import EmakiLog
import Foundation

/// How a process is a command: from its arguments to its exit status.
extension ParsableCommand {
    /// Does what the arguments ask, and ends the process if it comes to nothing.
    /// - Parameter arguments: nil: those of the process.
    package static func runToEnd(_ arguments: [String]? = nil) async {
        // A reader that goes away is told apart by the failing write, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot(arguments)
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Reports an error and ends the process with its status.
    package static func end(with error: any Error) -> Never {
        if let status = error as? ExitCode { Foundation.exit(status.rawValue) }
        let wantsJSON = CommandLine.arguments.contains("--json")
        if isArgumentParsers(error) {
            // Help and the like are no errors, and go to standard output.
            guard exitCode(for: error) != .success else { exit(withError: error) }
            let failure = CommandFailure.usage(message(for: error))
            ErrorOutput.report(failure, asJSON: wantsJSON)
            if !wantsJSON { ErrorOutput.write(usage(after: error)) }
            Foundation.exit(failure.status.rawValue)
        }
        guard let failure = CommandFailure(reporting: error) else {
            // Quietly; what the command found out is true all the same.
            let status = (error as? OutputClosed)?.status ?? .done
            Foundation.exit(status.rawValue)
        }
        ErrorOutput.report(failure, asJSON: wantsJSON)
        Foundation.exit(failure.status.rawValue)
    }

    /// Errors of parsing, requests for help, and `ValidationError`: the library words them.
    private static func isArgumentParsers(_ error: any Error) -> Bool {
        switch error {
        case is CommandFailure, is LogError, is OutputClosed, is CancellationError: false
        case is ValidationError, is CleanExit: true
        default: String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
        }
    }

    /// What the library says behind its own first line.
    private static func usage(after error: any Error) -> String {
        let lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("Usage:") }) else { return "" }
        return lines[start...].joined(separator: "\n") + "\n"
    }
}
