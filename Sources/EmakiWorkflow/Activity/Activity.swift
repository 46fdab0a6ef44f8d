/// Code outside of the deterministic part: it may call whatever it likes, fail, and be run again.
///
///     struct Debit: Activity {
///         static let options = ActivityOptions(startToClose: .seconds(10))
///         let bank: Bank
///         func run(context: ActivityContext, input: Transfer) async throws -> DebitID {
///             try await bank.debit(input, once: context.info.idempotencyKey)
///         }
///     }
public protocol Activity: Sendable {
    /// What it is given.
    associatedtype Input: Codable & Sendable = Nothing
    /// What it results in.
    associatedtype Output: Codable & Sendable = Nothing

    /// Under which name it is recorded and found. By default the type's own.
    static var activityName: String { get }
    /// Limits and retries, where the caller gives none.
    static var options: ActivityOptions { get }

    /// One attempt. Swift cannot stop a task: cancelling only asks, and after a time-out the next
    /// attempt may overlap this one.
    func run(context: ActivityContext, input: Input) async throws -> Output
}

extension Activity {
    /// The type's own name.
    public static var activityName: String { "\(Self.self)" }
}

/// Several activities that share what they work with.
public protocol ActivityContainer: Sendable {
    /// All of them.
    var activities: [any Activity] { get }
}

/// What an activity may ask the engine.
public struct ActivityContext: Sendable {
    /// Which attempt at which step this is.
    public let info: AttemptInfo
    let report: @Sendable (Payload) throws -> Void
    let codec: any PayloadCodec

    /// Says that the attempt is alive and how far it is. The next attempt gets the details.
    /// - Throws: `CancellationError` if nobody waits for this attempt any more, or it is asked to
    ///   stop; a `Failure` that leaves doubt if the details cannot be encoded.
    public func heartbeat<Details: Codable & Sendable>(_ details: Details) throws {
        try report(try codec.encodeResult(details))
    }

    /// Says that the attempt is alive.
    /// - Throws: as `heartbeat(_:)`.
    public func heartbeat() throws { try report(.empty) }

    /// What the attempt before reported last.
    public func heartbeatDetails<Details: Codable & Sendable>(
        as type: Details.Type
    ) throws -> Details? {
        try info.heartbeatDetails.map { try codec.decode(type, from: $0) }
    }

    /// Thrown by an activity that will be completed from outside, with `AttemptInfo.token`.
    public struct CompletesLater: Error, Sendable {
        /// The one value.
        public init() {}
    }
}

/// An activity whose types are not known to the caller.
struct AnyActivity: Sendable {
    let run: @Sendable (ActivityContext, Payload) async throws -> Payload

    init<A: Activity>(_ activity: A, codec: any PayloadCodec) {
        run = { context, payload in
            let input = try codec.decode(A.Input.self, from: payload)
            return try codec.encodeResult(try await activity.run(context: context, input: input))
        }
    }
}
