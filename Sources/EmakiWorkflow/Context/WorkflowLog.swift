/// How much a line of a workflow's log matters. The order is that of their numbers.
public enum WorkflowLogLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// For those who follow every step.
    case trace = 1
    /// For those who look for a fault.
    case debug = 2
    /// What goes on.
    case info = 3
    /// What is normal, and worth to be seen.
    case notice = 4
    /// What may be wrong.
    case warning = 5
    /// What is wrong.
    case error = 6
    /// What somebody has to see now.
    case critical = 7

    /// Matters less.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A line that a workflow's code wrote.
public struct WorkflowLogLine: Sendable, Hashable {
    /// How much it matters.
    public var level: WorkflowLogLevel
    /// The line.
    public var message: String
    /// What belongs to it.
    public var metadata: [String: String]
    /// Engine time, in nanoseconds since 1970 UTC: `WorkflowContext.now` where it was written.
    public var time: Int64

    /// Of UTF-8; what is longer is cut.
    public static let messageBytesMax = 8_192
    /// Of UTF-8, names and values together; what is beyond, in the order of names, is left out.
    public static let metadataBytesMax = 8_192
    /// Lines between two waits of a run; the others are left out, and the last line says so.
    public static let countMax = 1_000

    /// As much of it as a line may have, whoever made it.
    var bounded: Self {
        var line = self
        line.message = message.cut(to: Self.messageBytesMax)
        var left = Self.metadataBytesMax
        if metadata.isEmpty { return line }
        line.metadata = [:]
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            left -= name.utf8.count + value.utf8.count
            guard left >= 0 else { break }
            line.metadata[name] = value
        }
        return line
    }
}

extension WorkflowContext {
    /// Writes a line to the log: to `EngineObserver.logged`, once what the line rests on is
    /// durable, and never in a replay. So a line is written once at most: none for an activation
    /// that failed, or that a crash made happen again.
    ///
    /// The message is made in a replay, too, so that what it calls of the context is counted then
    /// as ever. What is secret does not belong in it.
    public func log(
        level: WorkflowLogLevel = .info, _ message: String, metadata: [String: String] = [:]
    ) {
        // A replay drops what comes of it.
        guard scope.mayChange("log") else { return }
        scope.write(
            WorkflowLogLine(
                level: level, message: message, metadata: metadata, time: scope.now
            ).bounded)
    }
}

/// The lines of one activation.
struct WorkflowLog {
    private let countMax: Int
    private var written: [WorkflowLogLine] = []
    private var leftOut = 0

    init(countMax: Int = WorkflowLogLine.countMax) { self.countMax = countMax }

    mutating func write(_ line: WorkflowLogLine) {
        if written.count < countMax {
            written.append(line)
        } else {
            leftOut += 1
        }
    }

    var lines: [WorkflowLogLine] {
        guard leftOut > 0, let last = written.last else { return written }
        return written + [
            WorkflowLogLine(
                level: .warning, message: "\(leftOut) more lines were left out", metadata: [:],
                time: last.time)
        ]
    }
}
