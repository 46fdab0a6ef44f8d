/// A durable function: ordinary `async` Swift whose progress survives a crash.
///
/// Whatever `run` waits for through its context is recorded. After a crash `run` is executed again
/// from its beginning and given what was recorded, so it must ask for the same things in the same
/// order: it looks at no clock, no random numbers, no files and no other tasks than its own.
/// `Docs/workflows.md` has the rules.
///
///     enum Greeting: Workflow {
///         static func run(
///             context: WorkflowContext<Greeting>, input name: String
///         ) async throws -> String {
///             try await context.run(Compose.self, name)
///         }
///     }
public protocol Workflow: Sendable {
    /// What a run is started with.
    associatedtype Input: Codable & Sendable = Nothing
    /// What it results in.
    associatedtype Output: Codable & Sendable = Nothing
    /// What its handlers and its body share.
    associatedtype State: Sendable = Nothing

    /// Under which name runs of it are recorded. By default the type's own.
    static var workflowName: String { get }
    /// Raised with every change that a run under way could notice. Part of the fingerprint.
    static var workflowVersion: Int { get }
    /// Tells declarations of one version apart, where something computes it: `@Workflow` does.
    /// Part of the fingerprint.
    static var workflowCodeHash: String { get }
    /// Errors that fail the run. Any other error but those of `EmakiWorkflow` is a fault of the
    /// code: the run waits for better code.
    static var failures: [any Error.Type] { get }

    /// What handlers and body share at first.
    static func initialState(for input: Input) -> State
    /// Makes a state of one that a checkpoint recorded and that cannot be decoded as it is declared
    /// now. Nil: there is no way, and the run waits for code that has one.
    static func migrate(from old: RecordedState) throws -> State?
    /// The body.
    static func run(context: WorkflowContext<Self>, input: Input) async throws -> Output
    /// Names the handlers of signals, queries and updates.
    static func handle(_ handlers: inout MessageHandlers<Self>)
}

extension Workflow {
    /// The type's own name.
    public static var workflowName: String { "\(Self.self)" }
    /// 1.
    public static var workflowVersion: Int { 1 }
    /// Empty: the version alone counts.
    public static var workflowCodeHash: String { "" }
    /// There is no way.
    public static func migrate(from old: RecordedState) throws -> State? { nil }
    /// None.
    public static var failures: [any Error.Type] { [] }
    /// No messages.
    public static func handle(_ handlers: inout MessageHandlers<Self>) {}
}

extension Workflow where State == Nothing {
    /// Nothing.
    public static func initialState(for input: Input) -> Nothing { Nothing() }
}

/// Names a signal: a message that changes a run and is not answered.
public struct Signal<Receiver: Workflow, Input: Codable & Sendable>: Sendable {
    /// Under which it is recorded.
    public let name: String
    /// A signal of this name.
    public init(_ name: String) { self.name = name }
}

/// Names a query: a question about a run that changes nothing.
public struct Query<Receiver: Workflow, Input: Codable & Sendable, Output: Codable & Sendable>:
    Sendable
{
    /// By which it is asked.
    public let name: String
    /// A query of this name.
    public init(_ name: String) { self.name = name }
}

/// Names an update: a message that changes a run and is answered.
public struct Update<Receiver: Workflow, Input: Codable & Sendable, Output: Codable & Sendable>:
    Sendable
{
    /// Under which it is recorded.
    public let name: String
    /// An update of this name.
    public init(_ name: String) { self.name = name }
}
