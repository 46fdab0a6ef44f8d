// After a restart.
extension EngineCore {
    /// Workflows that are looked at before an engine is ready, and then at a time.
    private static let lookedAt = 1_024

    /// Takes every open run up again: the first ones at once, the others beside what callers ask
    /// for. A run that is asked for something before its turn comes is read then.
    /// - Throws: what reading the first ones throws.
    func takeUp() async throws {
        var held: [RunHost] = []
        let (last, isLast) = try await takeUp(after: nil, &held)
        if isLast { return tried(held) }
        isTakingUp = true
        let first = held
        Task.detached { [self] in
            await takeUpRest(after: last, first)
            isTakingUp = false
            restIfIdle()
        }
    }

    private func takeUpRest(after first: String?, _ held: [RunHost]) async {
        var held = held
        var after = first
        while !isClosed {
            await backlog.room()
            do {
                let (last, isLast) = try await takeUp(after: after, &held)
                if isLast { return tried(held) }
                after = last
            } catch {
                // Nobody else will look at them.
                observer.storeFailed(error)
                await rest()
            }
        }
    }

    /// - Returns: the last that was looked at, and whether there are no more.
    private func takeUp(
        after: String?, _ held: inout [RunHost]
    ) async throws -> (last: String?, isLast: Bool) {
        let streams = try await store.streams(
            prefix: StreamName.idPrefix, after: after, limit: Self.lookedAt)
        for stream in streams {
            let workflowID = String(stream.dropFirst(StreamName.idPrefix.count))
            do {
                let (records, _) = try await idRecords(workflowID)
                guard IDRecord.needsCare(records) else { continue }
                let host = host(workflowID)
                if suspects.holds(host.partition) {
                    held.append(host)
                } else {
                    host.postpone(.load)
                }
            } catch let error as WorkflowError {
                // One that cannot be read keeps nobody else from going on.
                observer.storeFailed(error)
            }
        }
        return (streams.last, streams.count < Self.lookedAt)
    }

    /// Everybody else comes first, so that one that ends the process is caught alone.
    private func tried(_ held: [RunHost]) {
        backlog.whenDrained { [self] in
            suspects.begin(held)
            for host in allHosts where !suspects.holds(host.partition) { host.release([]) }
        }
    }
}
