import EmakiPlatform
import EmakiWorkflow

/// How requests and replies travel. One conversation at a time.
public protocol DeciderTransport: Sendable {
    /// Sends a request and waits for the reply.
    /// - Throws: anything; it fails the run's task, and the run is tried again a little later.
    func exchange(_ request: [UInt8]) throws -> [UInt8]
}

/// Executes runs by asking a process at the other end of a pipe.
///
/// The thread that executes a run waits for the other process meanwhile. Steps that are closures
/// have to be activities there: nobody here knows the closure.
public final class PipeDecider: Decider, @unchecked Sendable {
    private static let lastRun = Counter()

    private let transport: any DeciderTransport
    private let start: RunStart
    private let run: UInt64
    private var hasBegun = false

    /// A run that the other end executes.
    public init(_ start: RunStart, over transport: any DeciderTransport) {
        self.start = start
        self.transport = transport
        run = Self.lastRun.next()
    }

    /// A workflow that the other end executes.
    /// - Parameter connect: called for each run that is brought into memory, so that a new process
    ///   can take the place of one that is gone.
    public static func definition(
        name: String, fingerprint: String,
        connect: @escaping @Sendable () throws -> any DeciderTransport
    ) -> WorkflowDefinition {
        WorkflowDefinition(name: name, fingerprint: fingerprint) { start, _ in
            do {
                return PipeDecider(start, over: try connect())
            } catch {
                return PipeDecider(start, over: NoTransport(error: error))
            }
        }
    }

    /// See `Decider`.
    public func activate(_ activation: Activation) -> Decision {
        do {
            if !hasBegun {
                guard case .done = try ask(.begin(start)) else { throw Unexpected() }
                hasBegun = true
            }
            guard case .decision(let decision) = try ask(.activate(activation)) else {
                throw Unexpected()
            }
            return decision
        } catch {
            var decision = Decision()
            decision.taskFailure = Self.failure(error)
            return decision
        }
    }

    /// See `Decider`.
    public func validate(_ message: Message, isUpdate: Bool) -> Failure? {
        do {
            guard case .verdict(let failure) = try ask(.validate(message, isUpdate: isUpdate))
            else { throw Unexpected() }
            return failure
        } catch {
            return Self.failure(error)
        }
    }

    /// See `Decider`. Nothing if the other end is gone.
    public func uncompensated() -> [String] {
        guard case .keys(let keys) = try? ask(.uncompensated) else { return [] }
        return keys
    }

    /// See `Decider`.
    public func query(_ name: String, _ input: Payload) throws -> Payload {
        let reply: DeciderReply
        do { reply = try ask(.query(name, input)) } catch { throw Self.failure(error) }
        switch reply {
        case .answer(let payload): return payload
        case .failure(let failure): throw failure
        default: throw Self.failure(Unexpected())
        }
    }

    /// See `Decider`. There are none.
    public func closure(of key: String) -> StepClosure? { nil }

    /// See `Decider`.
    public func evict() {
        guard hasBegun else { return }
        hasBegun = false
        _ = try? ask(.evict)
    }

    private func ask(_ request: DeciderRequest) throws -> DeciderReply {
        try DeciderReply(try transport.exchange(request.encoded(run: run)))
    }

    private struct Unexpected: Error {}

    private struct NoTransport: DeciderTransport {
        let error: any Error
        func exchange(_ request: [UInt8]) throws -> [UInt8] { throw error }
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case is HistoryError, is Unexpected:
            Failure(
                .misuse, type: "Unreadable",
                message: "what came through the pipe makes no sense: \(error)")
        default:
            Failure(.misuse, type: "Unreachable", message: "nobody is at the other end: \(error)")
        }
    }

    private final class Counter: Sendable {
        private let lock = Lock()
        private let value = Guarded<UInt64>(0)

        func next() -> UInt64 {
            lock.withLock {
                value.value += 1
                return value.value
            }
        }
    }
}

/// The other end: executes runs for whoever asks.
public final class DeciderServer {
    private let definitions: [String: WorkflowDefinition]
    private let codec: any PayloadCodec
    private var deciders: [UInt64: any Decider] = [:]

    /// Executes these workflows.
    public init(workflows: [any Workflow.Type], codec: any PayloadCodec = JSONPayloadCodec()) {
        let definitions = workflows.map { WorkflowDefinition($0) }
        self.definitions = Dictionary(
            definitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.codec = codec
    }

    /// Answers one request, whatever its bytes are.
    public func reply(to bytes: [UInt8]) -> [UInt8] {
        do {
            let (run, request) = try DeciderRequest.decode(bytes)
            return try reply(to: request, run).encoded
        } catch {
            return DeciderReply.failure(Failure(describing: error)).encoded
        }
    }

    private func reply(to request: DeciderRequest, _ run: UInt64) throws -> DeciderReply {
        if case .begin(let start) = request {
            guard let definition = definitions[start.workflowType] else {
                throw WorkflowError.unknownWorkflow(start.workflowType)
            }
            deciders[run]?.evict()
            deciders[run] = definition.decider(start, codec: codec)
            return .done
        }
        guard let decider = deciders[run] else {
            throw ApplicationFailure("there is no run \(run) here", type: "UnknownRun")
        }
        switch request {
        case .begin, .evict:
            decider.evict()
            deciders[run] = nil
            return .done
        case .activate(let activation):
            var decision = decider.activate(activation)
            // Nobody reads what a replay writes.
            if activation.isReplay { decision.lines = [] }
            return .decision(decision)
        case .validate(let message, let isUpdate):
            return .verdict(decider.validate(message, isUpdate: isUpdate))
        case .uncompensated: return .keys(decider.uncompensated())
        case .query(let name, let input): return .answer(try decider.query(name, input))
        }
    }
}
