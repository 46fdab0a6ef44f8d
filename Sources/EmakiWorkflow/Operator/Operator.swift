import EmakiLog
import EmakiPlatform

/// What an operator asks of a store's workflows: to look at them, and to tell them something.
///
/// The process that has the store open answers through the log's socket, with the code of its
/// runs; where nobody has it open, `emaki workflow` does so itself on an engine without code. One
/// request, its lines, and a result, as all conversations of a log are.
package struct Operator: Sendable {
    /// The verb of all requests; which is asked for is the member `do`.
    package static let verb = "workflow"

    /// Where an answer goes.
    package struct Sink {
        /// Takes a line; false: nobody wants more.
        package var line: (JSONObject) -> Bool
        /// Is told how much has been looked through.
        package var progress: (_ done: Int) -> Bool
        /// Somebody waits for the answer.
        package var goesOn: () -> Bool

        package init(
            line: @escaping (JSONObject) -> Bool,
            progress: @escaping (_ done: Int) -> Bool = { _ in true },
            goesOn: @escaping () -> Bool = { true }
        ) {
            self.line = line
            self.progress = progress
            self.goesOn = goesOn
        }
    }

    let engine: WorkflowEngine
    /// Asked now and then, while this waits, whether anybody is there. Called by the thread that
    /// answers only.
    private final class Asker: @unchecked Sendable {
        let isThere: () -> Bool
        init(_ isThere: @escaping () -> Bool) { self.isThere = isThere }
    }

    private var asker = Asker { true }
    var core: EngineCore { engine.core }

    /// For an engine.
    package init(_ engine: WorkflowEngine) { self.engine = engine }

    /// Answers a request. Blocks: for a thread of its own.
    package func answer(
        _ request: ControlRequest, _ sink: Sink
    ) throws(ControlFault) -> JSONObject {
        let name = try request.need("do")
        guard let (members, perform) = Self.verbs[name] else {
            throw .invalid("workflows know no `\(name)`")
        }
        try request.expectOnly(Set(members + ["do"]))
        var bound = self
        bound.asker = Asker(sink.goesOn)
        do {
            return try perform(bound, request, sink)
        } catch {
            throw ControlFault(reporting: error)
        }
    }

    private typealias Verb = (
        members: [String],
        perform: @Sendable (Operator, ControlRequest, Sink) throws -> JSONObject
    )

    static let bulkMembers = ["each", "type", "state", "prefix", "attribute", "reason", "dry"]
    private static let pointMembers = [
        "event", "step", "beginning", "checkpoint", "withoutMessages", "request",
    ]
    private static let verbs: [String: Verb] = [
        "list": (
            ["type", "state", "prefix", "attribute", "after", "limit"],
            { try $0.list($1, $2) }
        ),
        "count": (["type", "state", "prefix", "attribute"], { try $0.count($1, $2) }),
        "versions": ([], { operate, _, sink in try operate.versions(sink) }),
        "bulk": (
            Operator.bulkMembers + Operator.pointMembers,
            { try $0.bulk($1, $2) }
        ),
        "reset": (
            ["id", "reason"] + Operator.pointMembers,
            { operate, request, _ in try operate.reset(request) }
        ),
        "fork": (
            ["id", "run", "as"] + Operator.pointMembers,
            { operate, request, _ in try operate.fork(request) }
        ),
        "delete": (["id"], { operate, request, _ in try operate.delete(request) }),
        "describe": (["id", "run"], { operate, request, _ in try operate.describe(request) }),
        "history": (["id", "run", "from", "limit"], { try $0.history($1, $2) }),
        "show": (["id", "run"], { try $0.show($1, $2) }),
        "export": (
            ["id", "run", "type", "state", "prefix", "attribute", "allRuns"],
            { try $0.export($1, $2) }
        ),
        "start": (
            [
                "id", "type", "input", "request", "reuse", "conflict", "memo", "attributes",
                "headers", "runTimeout", "executionTimeout", "startDelay",
            ],
            { operate, request, _ in try operate.start(request) }
        ),
        "signal": (
            ["id", "name", "input", "request"],
            { operate, request, _ in try operate.signal(request) }
        ),
        "update": (
            ["id", "name", "input", "request"],
            { operate, request, _ in try operate.update(request) }
        ),
        "query": (
            ["id", "name", "input"], { operate, request, _ in try operate.query(request) }
        ),
        "encode": (["input"], { operate, request, _ in try operate.encode(request) }),
        "cancel": (
            ["id", "reason", "request"], { operate, request, _ in try operate.cancel(request) }
        ),
        "terminate": (
            ["id", "reason"], { operate, request, _ in try operate.terminate(request) }
        ),
        "pause": (["id", "reason"], { operate, request, _ in try operate.pause(request) }),
        "resume": (
            ["id", "retry", "skip", "reason"],
            { operate, request, _ in try operate.resume(request) }
        ),
        "complete": (
            ["token", "input"], { operate, request, _ in try operate.complete(request) }
        ),
        "fail": (
            ["token", "type", "message", "final"],
            { operate, request, _ in try operate.fail(request) }
        ),
        "heartbeat": (
            ["token", "input"], { operate, request, _ in try operate.heartbeat(request) }
        ),
    ]

    private static let lookNanoseconds: Int64 = 250_000_000

    /// Waits, on this thread, for what a task does.
    /// - Throws: what it throws; `CancellationError` once nobody waits for the answer.
    func wait<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) throws -> R {
        let word = WaitWord()
        let lock = Lock()
        let result = Guarded<Result<R, any Error>?>(nil)
        Task.detached {
            let outcome: Result<R, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            lock.withLock { result.value = outcome }
            word.bump()
            word.wakeAll()
        }
        while !word.wait(while: 0, nanoseconds: Self.lookNanoseconds) {
            // What was asked for goes on; nobody hears of it.
            guard asker.isThere() else { throw CancellationError() }
        }
        guard let outcome = lock.withLock({ result.value }) else { throw CancellationError() }
        return try outcome.get()
    }
}

extension WorkflowEngine {
    /// An engine that runs no workflows, on a log that nobody else has: it looks, and records what
    /// it is told.
    /// - Parameter code: if it is at hand, it answers queries, validates messages and handles
    ///   updates, as far as nothing begins by that.
    package static func operating(
        on log: EventLog, with code: OperatorCode? = nil
    ) async throws -> WorkflowEngine {
        var options = code?.options ?? EngineOptions()
        options.executesCode = false
        options.answersControl = false
        return try await WorkflowEngine(
            store: EventLogStore(log), definitions: code?.definitions ?? [], options: options)
    }

    /// Answers other processes through the log's socket.
    func serve(_ log: EventLog) {
        log.answerControl(Operator.verb) {
            [weak self] (request, _, reply) throws(ControlFault) in
            guard let self, !core.isClosed else {
                throw ControlFault(
                    code: "engineClosed", "the process that has the store closed its engine")
            }
            return try Operator(self).answer(
                request,
                Operator.Sink(
                    line: { reply.line($0) },
                    progress: { reply.progress("runs", $0, of: 0) },
                    // Whether the asker is there shows when something is sent.
                    goesOn: { reply.progress("waiting", 0, of: 0) }))
        }
    }
}

extension ControlRequest {
    /// - Throws: if it is not there.
    func need(_ name: String) throws(ControlFault) -> String {
        guard let text = try text(name) else { throw .invalid("`\(name)` is missing") }
        return text
    }
}

extension ControlFault {
    /// Whatever was thrown, for programs and people.
    init(reporting error: any Error) {
        switch error {
        case let fault as ControlFault: self = fault
        case let error as LogError: self.init(error)
        case let error as WorkflowError: self.init(code: error.code, error.advice)
        case let failure as Failure: self.init(code: "refusedByCode", failure.description)
        default: self.init(code: "internal", "\(error)")
        }
    }
}

extension WorkflowError {
    /// A stable word for programs: the name of the case.
    public var code: String {
        switch self {
        case .notFound: "workflowNotFound"
        case .unknownWorkflow: "unknownWorkflow"
        case .alreadyRunning: "alreadyRunning"
        case .alreadyUsed: "alreadyUsed"
        case .closed: "workflowClosed"
        case .refused: "refusedByCode"
        case .updateFailed: "updateFailed"
        case .ended: "ended"
        case .outcomeUnknown: "outcomeUnknown"
        case .noSpace: "noSpace"
        case .fenced: "fenced"
        case .stillOpen: "stillOpen"
        case .engineClosed: "engineClosed"
        case .tooLarge: "tooLarge"
        case .damaged: "corrupt"
        case .invalid: "invalid"
        }
    }

    /// For people: what is the matter, and what to do.
    var advice: String {
        switch self {
        case .notFound(let id): "there is no workflow \(id); `list` shows those that are there"
        case .unknownWorkflow(let type): "the engine has no workflow of the type \(type)"
        case .alreadyRunning(let id, let run):
            "a run of \(id) is open: \(run); with --conflict it is used or terminated instead"
        case .alreadyUsed(let id, let run): "\(id) was used by run \(run), and may not be again"
        case .closed(let id, let run): "run \(run) of \(id) has ended"
        case .refused(let failure): "refused, and nothing was recorded: \(failure)"
        case .updateFailed(let failure): "the update's handler failed: \(failure)"
        case .ended(let id, let outcome): "\(id) \(outcome.summary)"
        case .outcomeUnknown: "nobody knows whether it was recorded; repeat it with its request id"
        case .noSpace: "the disk is full; nothing was recorded"
        case .stillOpen(let id, let run):
            "run \(run) of \(id) is open; terminate or cancel it, then delete it"
        case .fenced: "another engine of that process owns the store"
        case .engineClosed: "the engine was closed"
        case .tooLarge(let what, let limit, let value): "\(what): \(value), at most \(limit)"
        case .damaged(let id, let error): "the history of \(id) cannot be used: \(error)"
        case .invalid(let problem): problem
        }
    }
}
