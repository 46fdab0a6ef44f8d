/// Why something failed, as the log keeps it.
public struct Failure: Error, Sendable, Hashable {
    /// What kind of end it was.
    public enum Kind: UInt8, Sendable {
        /// Code threw an error.
        case application = 1
        /// It took longer than allowed; which time-out is in `Failure.timeout`.
        case timedOut = 2
        /// It was cancelled.
        case cancelled = 3
        /// It was running when the process ended, and nobody knows how far it came.
        case outcomeUnknown = 4
        /// A run was ended from outside.
        case terminated = 5
        /// Code did not follow the rules of workflows.
        case misuse = 6
    }

    /// Which time-out ran off.
    public enum Timeout: UInt8, Sendable {
        /// No worker took it in time.
        case scheduleToStart = 1
        /// One attempt ran too long.
        case startToClose = 2
        /// All attempts together took too long.
        case scheduleToClose = 3
        /// The attempt stopped reporting.
        case heartbeat = 4
        /// The run, or the chain of its runs, took too long.
        case run = 5
    }

    /// What kind of end it was.
    public var kind: Kind
    /// Name of the error, by which a retry policy and a caller tell errors apart.
    public var type: String
    /// For people.
    public var message: String
    /// Retrying makes no sense.
    public var isNonRetryable: Bool
    /// Of `.timedOut`.
    public var timeout: Timeout?
    /// What the thrower adds for the catcher.
    public var details: Payload?
    /// Of a step: this or an earlier attempt may have had its effect all the same, because nobody
    /// knows how far it came. A saga undoes such a step.
    public var mayHaveHappened = false

    /// A failure by its parts.
    public init(
        _ kind: Kind, type: String, message: String, isNonRetryable: Bool = false,
        timeout: Timeout? = nil, details: Payload? = nil
    ) {
        self.kind = kind
        self.type = type.cut(to: Self.typeBytesMax)
        self.message = message.cut(to: Self.messageBytesMax)
        self.isNonRetryable = isNonRetryable
        self.timeout = timeout
        self.details = details.flatMap { $0.bytes.count <= Self.detailsBytesMax ? $0 : nil }
    }

    /// Of UTF-8; what is longer is cut.
    public static let typeBytesMax = 256
    /// Of UTF-8; what is longer is cut.
    public static let messageBytesMax = 8_192
    /// What is longer is left out.
    public static let detailsBytesMax = 16_384

    static func timedOut(_ timeout: Timeout, _ message: String) -> Failure {
        Failure(.timedOut, type: "Timeout", message: message, timeout: timeout)
    }

    static func cancelled(_ message: String = "cancelled") -> Failure {
        Failure(.cancelled, type: "Cancelled", message: message)
    }
}

extension Failure {
    /// An attempt that ended like this may have had its effect.
    var leavesDoubt: Bool {
        switch kind {
        case .outcomeUnknown: true
        // Of these two the attempt need not have begun; an earlier one may have.
        case .timedOut where timeout == .scheduleToStart || timeout == .scheduleToClose:
            mayHaveHappened
        case .timedOut: true
        default: mayHaveHappened
        }
    }
}

extension Failure: CustomStringConvertible {
    /// Type and message.
    public var description: String { message.isEmpty ? type : "\(type): \(message)" }
}

extension Failure {
    /// What is recorded of an error that user code threw.
    public init(describing error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let failure as ApplicationFailure:
            self.init(
                .application, type: failure.type, message: failure.message,
                isNonRetryable: failure.isNonRetryable, details: failure.details)
        case let failure as StepFailure:
            self = failure.cause
            message = "\(failure.step): \(message)".cut(to: Self.messageBytesMax)
        case let failure as SagaFailure:
            self = Failure(describing: failure.cause)
        case is CancellationError:
            // How far it came before it was let go, nobody knows.
            self = .cancelled()
            mayHaveHappened = true
        default:
            self.init(
                .application, type: "\(Swift.type(of: error))", message: "\(error)")
        }
    }
}

extension Failure {
    /// Of a task whose code could not be given what is recorded.
    init(unreadable what: String, _ error: any UnreadablePayload) {
        self.init(
            .misuse, type: "\(Swift.type(of: error))", message: "\(what) cannot be read: \(error)")
    }

    /// Of a task that made a value which cannot be recorded now.
    init(unencodable error: any UnreadablePayload) {
        self.init(
            .misuse, type: "\(Swift.type(of: error))", message: "cannot be recorded: \(error)")
    }
}

extension String {
    /// The longest beginning of whole characters that has no more bytes of UTF-8.
    func cut(to byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            count += UTF8.width(scalar)
            if count > byteCount { break }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}

/// An error with a name, by which retry policies and callers tell it apart. Thrown by an activity
/// it fails the attempt; thrown by a workflow it fails the run.
public struct ApplicationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name.
    public var type: String
    /// For people.
    public var message: String
    /// Retrying makes no sense.
    public var isNonRetryable: Bool
    /// What the catcher should know.
    public var details: Payload?

    /// An error with a name.
    public init(
        _ message: String, type: String = "ApplicationFailure", isNonRetryable: Bool = false,
        details: Payload? = nil
    ) {
        self.message = message
        self.type = type
        self.isNonRetryable = isNonRetryable
        self.details = details
    }

    /// Name and message.
    public var description: String { "\(type): \(message)" }
}

/// A step, an activity, a child or a message to another workflow did not succeed. Thrown where the
/// workflow waited for it.
public struct StepFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Name of what failed.
    public var step: String
    /// Where in the run it was: its identity.
    public var key: String
    /// Why.
    public var cause: Failure

    /// What failed, and why.
    public var description: String { "\(step) failed: \(cause)" }
}

/// A saga failed, and what had happened was undone.
public struct SagaFailure: Error, Sendable, CustomStringConvertible {
    /// What made the saga fail.
    public var cause: any Error
    /// Compensations that an operator told the run to skip, with the operator's reasons.
    public var skipped: [String: String]

    /// Why, and what was skipped.
    public var description: String {
        skipped.isEmpty ? "\(cause)" : "\(cause) (not undone: \(skipped.keys.sorted()))"
    }
}
