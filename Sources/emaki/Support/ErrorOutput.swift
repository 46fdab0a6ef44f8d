import EmakiLog
import Foundation

/// Standard error: errors, warnings and progress, for people or as JSON.
enum ErrorOutput {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func report(_ failure: CommandFailure, asJSON: Bool) {
        guard asJSON else {
            write("emaki: \(failure.message)\n")
            return
        }
        var object = JSONObject()
        object.add("error", failure.json)
        write(object.text + "\n")
    }

    static func warn(_ sentence: String) {
        write("emaki: warning: \(sentence)\n")
    }

    /// Nobody can be told that standard error fails.
    static func write(_ text: String) {
        do { try FileHandle.standardError.write(contentsOf: Data(text.utf8)) } catch {}
    }
}
