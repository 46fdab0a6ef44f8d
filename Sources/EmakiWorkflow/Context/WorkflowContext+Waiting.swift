extension WorkflowContext {
    /// Waits for so long, by engine time. The timer is durable: it runs off after a restart, too.
    public func sleep(
        for duration: Duration, file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await sleep(
            until: scope.now &+ max(0, duration.nanoseconds), file: file, line: line)
    }

    /// Waits until an instant, in nanoseconds since 1970 UTC. One that is past is waited for too,
    /// until the next commit.
    public func sleep(
        until instant: Int64, file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await scope.enterWaiting("sleep")
        try await scope.checkCancelled()
        let identity = scope.branch.next("sleep")
        let place = SourcePlace(file: file, line: line)
        scope.ask(.startTimer(key: identity.text, fireAt: instant), at: place)
        _ = try await scope.wait(
            identity, .try, takeBack: .cancelTimer(key: identity.text), at: place)
    }

    /// Waits until a condition on the state holds. It is looked at whenever the run has done all
    /// that it can.
    public func wait(
        until condition: @escaping @Sendable (Running.State) -> Bool,
        file: String = #fileID, line: UInt32 = #line
    ) async throws {
        _ = try await wait(until: condition, timer: nil, at: SourcePlace(file: file, line: line))
    }

    /// Waits until a condition on the state holds, but no longer than this.
    /// - Returns: whether it holds.
    public func wait(
        until condition: @escaping @Sendable (Running.State) -> Bool, timeout: Duration,
        file: String = #fileID, line: UInt32 = #line
    ) async throws -> Bool {
        try await wait(
            until: condition, timer: timeout, at: SourcePlace(file: file, line: line))
    }

    private func wait(
        until condition: @escaping @Sendable (Running.State) -> Bool, timer: Duration?,
        at place: SourcePlace
    ) async throws -> Bool {
        try await scope.enterWaiting("wait")
        try await scope.checkCancelled()
        let identity = scope.branch.next("wait")
        if condition(box.copy) { return true }
        let wait = RunScope.Wait(identity, .try, at: place)
        wait.condition = { [box] in condition(box.copy) }
        if let timer {
            let key = identity.text
            scope.ask(
                .startTimer(key: key, fireAt: scope.now &+ max(0, timer.nanoseconds)), at: place)
            wait.takeBack = .cancelTimer(key: key)
        }
        if case .fired = try await scope.park(wait) { return false }
        return true
    }

    // MARK: Branches

    /// Runs code as a branch of its own: what it does is counted apart from everything else, so
    /// that it may be moved, or run beside other branches, without changing what it is called.
    public func branch<R: Sendable>(
        _ name: String, _ body: () async throws -> R
    ) async throws -> R {
        try await scope.enterWaiting("branch")
        return try await Branch.$current.withValue(scope.branch.branch(name)) {
            try await body()
        }
    }

    /// Runs several at once, each in a branch of its own, and gives their results in this order.
    /// If one throws, the others are cancelled and waited for, and the error is thrown.
    public func all<R: Sendable>(
        _ bodies: [@Sendable () async throws -> R]
    ) async throws -> [R] {
        try await scope.enterWaiting("all")
        let parent = scope.branch.branch("all")
        return try await withThrowingTaskGroup(of: (Int, R).self) { group in
            for (index, body) in bodies.enumerated() {
                let branch = parent.branch("\(index + 1)")
                group.addTask {
                    (index, try await Branch.$current.withValue(branch) { try await body() })
                }
            }
            var results: [(Int, R)] = []
            for try await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Runs several at once, each in a branch of its own. The first to return or throw wins; the
    /// others are cancelled, and waited for.
    public func race<R: Sendable>(
        _ bodies: [@Sendable () async throws -> R]
    ) async throws -> R {
        try await scope.enterWaiting("race")
        guard !bodies.isEmpty else {
            throw Failure(.misuse, type: "EmptyRace", message: "nobody can win a race of nobody")
        }
        let parent = scope.branch.branch("race")
        return try await withThrowingTaskGroup(of: R.self) { group in
            for (index, body) in bodies.enumerated() {
                let branch = parent.branch("\(index + 1)")
                group.addTask {
                    try await Branch.$current.withValue(branch) { try await body() }
                }
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// As `race(_:)` with an array.
    public func race<R: Sendable>(
        _ bodies: (@Sendable () async throws -> R)...
    ) async throws -> R {
        try await race(bodies)
    }

    /// As `all(_:)` with an array.
    public func all<R: Sendable>(
        _ bodies: (@Sendable () async throws -> R)...
    ) async throws -> [R] {
        try await all(bodies)
    }

    /// Runs code that cancelling the run does not reach, and waits for it.
    public func shielded<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await scope.enterWaiting("shielded")
        let branch = scope.branch
        let task = Task(executorPreference: scope.executor) {
            try await Branch.$current.withValue(branch) { try await body() }
        }
        return try await task.value
    }

    // MARK: Versions of the code

    /// Whether this run takes the new way: true for runs that come here for the first time now,
    /// false for those that came by before the change. Decided once for a run, at its first call.
    public func patched(
        _ id: String, file: String = #fileID, line: UInt32 = #line
    ) -> Bool {
        patched(id, each: false, file: file, line: line)
    }

    /// As `patched(_:)`.
    /// - Parameter each: decided for each call by itself, so that a loop that went round under the
    ///   old code takes the new way from the next round on.
    public func patched(
        _ id: String, each: Bool, file: String = #fileID, line: UInt32 = #line
    ) -> Bool {
        guard scope.mayChange("patched") else { return false }
        // The call's own identity, told apart from any id that is decided once.
        let identity = each ? scope.branch.next("patched \(id)") : nil
        let id = identity.map { "\($0.text)#each" } ?? id
        if scope.patches.contains(id) { return true }
        let isRecorded = scope.recordedPatches.contains(id)
        if !isRecorded, scope.isReplay || scope.declinedPatches.contains(id) {
            scope.declinedPatches.insert(id)
            return false
        }
        scope.patches.insert(id)
        scope.ask(.patch(id: id), at: SourcePlace(file: file, line: line))
        return true
    }

    /// The error that ends this run and begins a new one with this input. Throw it from `run`.
    public func continueAsNew(_ input: Running.Input) throws -> ContinueAsNew {
        ContinueAsNew(workflowType: Running.workflowName, input: try encode(input))
    }
}

/// Thrown by `run`, it ends the run and begins another in its place. See
/// `WorkflowContext.continueAsNew`.
public struct ContinueAsNew: Error, Sendable {
    let workflowType: String
    let input: Payload
}
