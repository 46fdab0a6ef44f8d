import ArgumentParser
import EmakiLog
import Synchronization

/// For commands that may take long.
package struct ProgressOption: ParsableArguments {
    @Flag(help: "Say how far it is, a line for each percent, on standard error.")
    package var progress = false

    package init() {}

    /// - Parameter done: what the percents are, "scrubbed" for instance.
    package func line(_ done: String, _ answer: OutputOptions) -> ProgressLine {
        let form: ProgressLine.Form? =
            progress
            ? (answer.json ? .json : .lines)
            : !answer.json && ErrorOutput.isTerminal ? .terminal : nil
        return ProgressLine(done, form)
    }
}

/// How far a long command is, in percent: on a terminal, or line by line where that is asked for.
package final class ProgressLine: Sendable {
    private let done: String
    private let form: Form?
    private let shown = Atomic(-1)

    package enum Form { case terminal, lines, json }

    /// - Parameter form: nil: nothing is shown.
    package init(_ done: String, _ form: Form?) {
        self.done = done
        self.form = form
    }

    /// Called from any thread.
    /// - Returns: true: nothing is ended from here.
    @Sendable package func report(_ bytes: Int, of total: Int) -> Bool {
        let percent = total == 0 ? 100 : bytes * 100 / total
        guard let form, shown.exchange(percent, ordering: .relaxed) != percent else { return true }
        switch form {
        case .terminal: ErrorOutput.write("\r\(done) \(percent) %")
        case .lines: ErrorOutput.write("\(done) \(percent) %\n")
        case .json:
            var object = JSONObject()
            object.add("progress", done)
            object.add("done", bytes)
            object.add("total", total)
            ErrorOutput.write(object.text + "\n")
        }
        return true
    }

    /// Leaves the line to what comes next.
    package func end() {
        if form == .terminal { ErrorOutput.write("\r") }
    }
}

/// How far a command is of which nobody knows how much there is to do: on a terminal only.
package final class CountLine: Sendable {
    private let what: String
    private let isShown: Bool
    private let shown = Atomic(0)

    /// - Parameter what: is counted, "workflows" for instance.
    package init(_ what: String, _ answer: OutputOptions) {
        self.what = what
        isShown = !answer.json && ErrorOutput.isTerminal
    }

    /// Called from any thread.
    package func report(_ count: Int) {
        guard isShown, shown.exchange(count, ordering: .relaxed) != count else { return }
        ErrorOutput.write("\r\(count) \(what) looked at")
    }

    /// Wipes the line, so that others may write.
    package func end() {
        guard isShown, shown.exchange(0, ordering: .relaxed) > 0 else { return }
        ErrorOutput.write("\r\u{1b}[K")
    }
}
