import Synchronization

/// How far a long command is, in percent on a terminal; nothing elsewhere.
final class ProgressLine: Sendable {
    private let done: String
    private let isShown: Bool
    private let shown = Atomic(-1)

    /// - Parameter done: what the percents are, "scrubbed" for instance.
    init(_ done: String, isShown: Bool) {
        self.done = done
        self.isShown = isShown && ErrorOutput.isTerminal
    }

    /// Called from any thread.
    /// - Returns: true: nothing is ended from here.
    @Sendable func report(_ bytes: Int, of total: Int) -> Bool {
        let percent = total == 0 ? 100 : bytes * 100 / total
        if isShown, shown.exchange(percent, ordering: .relaxed) != percent {
            ErrorOutput.write("\r\(done) \(percent) %")
        }
        return true
    }

    /// Leaves the line to what comes next.
    func end() {
        if isShown { ErrorOutput.write("\r") }
    }
}
