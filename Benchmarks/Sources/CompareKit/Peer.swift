/// An engine that keeps events: (stream, version) is the key, the payload the value.
///
/// Everything that is appended is durable on return. An append looks first whether each stream's
/// head is the version before; nothing guards against a writer that comes between, which only helps
/// the engine that is measured.
package protocol Peer: AnyObject, Sendable {
    /// What was chosen for it, in words, and its version.
    var note: String { get }
    var version: String { get }
    /// One for each thread, as the engine's interface asks.
    func session() throws -> any PeerSession
    /// Another client shape: one thread for all appenders; nil where a thread blocks.
    func pipe(lanes: Int) throws -> (any PeerPipe)?
    /// Makes the store as small as the engine can.
    func compact() throws
    /// Ends everything, servers too.
    func close()
}

extension Peer {
    package func pipe(lanes: Int) throws -> (any PeerPipe)? { nil }
}

/// One thread's way into an engine. Not to be used by two at once.
package protocol PeerSession: AnyObject {
    func append(_ batch: EventBatch) throws
    /// Calls the body with each event of the history, in order.
    func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws
}

/// Appends of many appenders through one thread.
package protocol PeerPipe: AnyObject {
    /// Starts an append. `lane` is the appender, which has one outstanding.
    func submit(_ batch: EventBatch, lane: Int) throws
    /// Waits for appends to be durable, at most until the instant; nil: as long as it takes.
    /// - Returns: the lanes whose append is durable.
    func completed(until instant: Int64?) throws -> [Int]
}

/// Why an engine could not do what it was asked to.
package struct PeerFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
