import EmakiLog

// After a restart.
extension EngineCore {
    /// Workflows that are looked at before an engine is ready, and then at a time.
    private static let lookedAt = 1_024

    /// Takes every open run up again: the first ones at once, the others beside what callers ask
    /// for. A run that is asked for something before its turn comes is taken up then.
    /// - Throws: what listing the first ones throws. What cannot be read of one is reported.
    func takeUp() async throws {
        takesUp(true)
        var search = Search()
        // What is known of the store has to be brought up to date first. That is done beside what
        // is asked for, if it takes long.
        guard await mayWaitForProjection() else {
            _ = Task.detached { [self] in
                var search = Search()
                search.known = await armSleepers()
                await lookAtRest(search)
            }
            return
        }
        search.known = await armSleepers()
        do {
            try await look(&search)
        } catch {
            takesUp(false)
            throw error
        }
        if search.isDone { return end(search) }
        let first = search
        Task.detached { [self] in await lookAtRest(first) }
    }

    /// How far it is.
    private struct Search: Sendable {
        /// What is known to be left to do; nil: all that are in the store are looked at.
        var known: KnownWork?
        var pages = StreamPages(prefix: StreamName.idPrefix, first: EngineCore.lookedAt)
        /// Of the newest page, not looked at yet.
        var ahead: ArraySlice<String> = []
        var hasAll = false
        /// Of which something could not be read.
        var unread: [String] = []
        var held: [RunHost] = []
        var isDone: Bool { hasAll && unread.isEmpty }
    }

    private func lookAtRest(_ first: Search) async {
        var search = first
        while !isClosed, !isFenced, !isUnusable, !search.isDone {
            await backlog.room()
            if search.hasAll {
                // What could not be read is asked for again, as long as it is not damaged.
                await rest()
                let again = search.unread
                search.unread = []
                for workflowID in again { await look(at: workflowID, &search) }
                continue
            }
            do {
                try await look(&search)
            } catch {
                observer.storeFailed(error)
                await rest()
            }
        }
        end(search)
    }

    private func look(_ search: inout Search) async throws {
        if search.known != nil { return await lookAtKnown(&search) }
        if search.ahead.isEmpty { search.ahead = try await search.pages.next(in: store)[...] }
        for stream in search.ahead.prefix(Self.lookedAt) {
            let workflowID = String(stream.dropFirst(StreamName.idPrefix.count))
            await look(at: workflowID, &search)
            lookedAt(upTo: workflowID)
        }
        search.ahead = search.ahead.dropFirst(Self.lookedAt)
        search.hasAll = search.ahead.isEmpty && search.pages.isDone
    }

    private func lookAtKnown(_ search: inout Search) async {
        guard let (work, overdue) = search.known?.next(Self.lookedAt) else { return }
        for workflowID in work {
            await look(at: workflowID, &search)
            lookedAt(upTo: workflowID)
        }
        for workflowID in overdue { host(workflowID).postpone(.due) }
        search.hasAll = search.known?.isEmpty ?? true
    }

    /// One that cannot be read keeps nobody else from going on.
    private func look(at workflowID: String, _ search: inout Search) async {
        do {
            let (records, _) = try await idRecords(workflowID)
            guard IDRecord.needsCare(records) else { return }
            let host = host(workflowID)
            if suspects.holds(host.partition) {
                search.held.append(host)
            } else {
                host.postpone(.load)
            }
        } catch {
            observer.storeFailed(error)
            if !Self.isForGood(error) { search.unread.append(workflowID) }
        }
    }

    private func end(_ search: Search) {
        takesUp(false)
        tried(search.held)
        restIfIdle()
    }

    /// Everybody else comes first, so that one that ends the process is caught alone.
    private func tried(_ held: [RunHost]) {
        backlog.whenDrained { [self] in
            suspects.begin(held)
            for host in allHosts where !suspects.holds(host.partition) { host.release([]) }
        }
    }
}

extension EngineCore {
    /// Reading the same once more gives the same.
    static func isForGood(_ error: any Error) -> Bool {
        switch error {
        case WorkflowError.damaged: true
        case LogError.corrupt, LogError.invalid, LogError.tooLarge, LogError.unsupportedFormat: true
        default: false
        }
    }
}
