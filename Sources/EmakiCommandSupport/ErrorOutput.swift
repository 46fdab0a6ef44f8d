import EmakiLog
import Foundation

/// Standard error: errors, warnings and progress, for people or as JSON.
package enum ErrorOutput {
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    package static func report(_ failure: CommandFailure, asJSON: Bool) {
        guard asJSON else {
            write("\(Program.name): \(failure.message)\n")
            return
        }
        var object = JSONObject()
        object.add("error", failure.json)
        write(object.text + "\n")
    }

    package static func warn(_ sentence: String) {
        write("\(Program.name): warning: \(sentence)\n")
    }

    /// Nobody can be told that standard error fails.
    package static func write(_ text: String) {
        do { try FileHandle.standardError.write(contentsOf: Data(text.utf8)) } catch {}
    }
}
