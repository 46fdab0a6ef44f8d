extension WorkflowContext where Running.State: Codable {
    /// Lets the run begin anew from its state, so that its history may be as long as it likes.
    ///
    /// This never returns. The state is recorded, and `run` is called again, with the input that it
    /// had and the state as it was encoded and decoded, now exactly as after a restart; nothing
    /// that came before is replayed any more. The state says where to go on, so have `run` look at
    /// it.
    ///
    ///     static func run(context: WorkflowContext<Self>, input: Job) async throws -> Report {
    ///         while let page = context.state.nextPage {
    ///             let next = try await context.run(Index.self, page)
    ///             try context.change { $0.nextPage = next }
    ///             if context.state.pageCount % 1_000 == 0 { try await context.checkpoint() }
    ///         }
    ///         return context.state.report
    ///     }
    ///
    /// Messages that wait are handled before. What is remembered beside the state: the newest 1,000
    /// requests and answers to them, as far as they fit into 24 and 16 KiB; patches that are true;
    /// a request to stop; children that run, of which the code has no handle any more.
    /// - Throws: a `Failure` of the type `CheckpointRefused`, which names them, beside steps,
    ///   timers, messages, children that are awaited, handlers, branches or sagas that are open,
    ///   and if nothing has happened since the checkpoint before. `CancellationError`.
    public func checkpoint(
        file: String = #fileID, line: UInt32 = #line
    ) async throws -> Never {
        try await scope.enterWaiting("checkpoint")
        try await scope.checkCancelled()
        guard scope.wantedCheckpoint == nil else {
            throw Failure(
                .misuse, type: "CheckpointRefused", message: "no checkpoint beside another one")
        }
        let wait = RunScope.Wait(
            scope.branch.next("checkpoint"), .abandon, at: SourcePlace(file: file, line: line))
        // It is over before anything else can happen.
        wait.isDeaf = true
        scope.wantedCheckpoint = WantedCheckpoint(wait: wait) { [codec, box] in
            try codec.encode(box.copy)
        }
        _ = try await scope.park(wait)
        throw Evicted()
    }

    /// Lets handlers do all that the run does, for ever: an entity, whose history is cut every so
    /// often by a checkpoint. The state is all that lasts, so it is what handlers change.
    /// - Parameter messageCount: messages between two checkpoints, at least 1. The checkpoint comes
    ///   when no handler is at work, and nothing is open that one has begun.
    /// - Throws: `CancellationError`; as `checkpoint()`.
    public func serveMessages(
        checkpointAfter messageCount: Int = 1_000, file: String = #fileID, line: UInt32 = #line
    ) async throws -> Never {
        try await scope.enterWaiting("serveMessages")
        try await scope.checkCancelled()
        let wait = RunScope.Wait(
            scope.branch.next("serve"), .try, at: SourcePlace(file: file, line: line))
        wait.condition = { [scope] in
            scope.messageCount >= max(1, messageCount) && scope.hasNothingOpen
        }
        _ = try await scope.park(wait)
        try await checkpoint(file: file, line: line)
    }
}

/// A state that a checkpoint recorded and today's code cannot decode. See `Workflow.migrate`.
public struct RecordedState: Sendable {
    /// Of the code that recorded it.
    public let fingerprint: String
    /// As it was recorded.
    public let payload: Payload
    let codec: any PayloadCodec

    /// The state as it was declared then.
    public func decode<Old: Codable & Sendable>(as type: Old.Type) throws -> Old {
        try codec.decode(type, from: payload)
    }
}

extension RunCheckpoint {
    /// The state, as today's code has it.
    func state<W: Workflow>(of type: W.Type, _ codec: any PayloadCodec) throws -> W.State {
        guard let stateType = W.State.self as? any (Codable & Sendable).Type else {
            throw Failure(
                .misuse, type: "Undecodable", message: "\(W.State.self) is not Codable any more")
        }
        let decoded: any Sendable
        do {
            decoded = try codec.decode(stateType, from: state)
        } catch let error as any UnreadablePayload {
            // It is no old state: it cannot be read now, and nobody may begin without it.
            throw error
        } catch {
            guard
                let migrated = try W.migrate(
                    from: RecordedState(fingerprint: fingerprint, payload: state, codec: codec))
            else { throw error }
            return migrated
        }
        guard let state = decoded as? W.State else {
            throw Failure(.misuse, type: "Undecodable", message: "it is no \(W.State.self)")
        }
        return state
    }
}
