import EmakiPlatform

/// Where the properties of a workflow in macro form live: what `@Workflow` puts into the struct.
///
/// The struct itself is made anew for every call of its body or a handler; all of them share the
/// state of the run. A query and a validator get a copy that they may only read. A workflow that
/// was made by its own initializer, as a test of its handlers does, has a state of its own.
public struct WorkflowMemory<W: Workflow>: Sendable {
    /// Of a run's body and its handlers.
    private let running: WorkflowContext<W>?
    /// Of all others.
    private let box: StateBox<W.State>
    /// Where it is noted that somebody wrote who may only read.
    private let note: WriteNote?

    /// The state of a run.
    public init(_ context: WorkflowContext<W>) {
        running = context
        box = context.box
        note = nil
    }

    /// A state that belongs to no run.
    public init(_ state: W.State) {
        running = nil
        box = StateBox(state)
        note = nil
    }

    private init(viewing state: W.State, _ note: WriteNote) {
        running = nil
        box = StateBox(state)
        self.note = note
    }

    /// The state.
    public var state: W.State {
        get { running?.state ?? box.copy }
        nonmutating set {
            note?.isSet = true
            if let running { running.state = newValue } else { box.replace(with: newValue) }
        }
    }

    /// What the workflow may do. Outside of a run it may do nothing: every call throws.
    public var context: WorkflowContext<W> {
        running ?? WorkflowContext(scope: .ofNoRun(W.workflowName), box: box)
    }

    /// Lets a query or a validator look at a state.
    /// - Throws: what the body throws; a `Failure` if it changed the state.
    public static func view<R>(_ state: W.State, _ body: (Self) throws -> R) throws -> R {
        let note = WriteNote()
        let result = try body(Self(viewing: state, note))
        guard !note.isSet else {
            throw Failure(
                .misuse, type: "ReadOnly",
                message: "a query or a validator of \(W.workflowName) changed the state")
        }
        return result
    }
}

/// That something was written.
private final class WriteNote: @unchecked Sendable {
    private let lock = Lock()
    private var value = false

    var isSet: Bool {
        get { lock.withLock { value } }
        set { lock.withLock { value = newValue } }
    }
}

extension RunScope {
    /// Of code that no engine executes.
    fileprivate static func ofNoRun(_ type: String) -> RunScope {
        RunScope(
            RunStart(
                workflowType: type, workflowID: "", runID: "", firstRunID: "", seed: 0,
                fingerprint: "", requestID: "", attempt: 1, headers: [:], memo: [:],
                searchAttributes: [:], input: .empty),
            codec: JSONPayloadCodec(), executor: RunExecutor())
    }
}
