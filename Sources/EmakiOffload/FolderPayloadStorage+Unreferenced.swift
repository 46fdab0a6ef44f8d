import EmakiPlatform
import EmakiWorkflow

/// What became of a folder's payloads.
public struct OffloadSurvey: Sendable, Equatable {
    /// Payloads that histories refer to.
    public var referencedCount = 0
    /// To these no history refers: they wait aside from now on.
    public var setAside: [String] = []
    /// These waited, and histories refer to them again: they have their place back.
    public var restored: [String] = []
    /// These had waited long enough, and are gone.
    public var removed: [String] = []
    /// Histories refer to these, and they are not there. What refers to them cannot be read.
    public var missing: [String] = []
}

// What no history refers to: what was put before a commit that never came, by a retry that
// encoded otherwise, for a query's answer, and what was of workflows that have been deleted.
//
// It is removed in two steps, so that nothing has to stand still. What is unreferenced is set
// aside, where it is still found: whoever reads it finds it there, and whoever puts the same bytes
// again brings it back. Only what has waited aside for an age, and is unreferenced still, is
// removed. So between its put and the commit of the event that refers to it a payload has that
// long, and longer.
extension FolderPayloadStorage {
    /// How long what is unreferenced waits aside: a week.
    public static let ageSeconds: Int64 = 7 * 86_400

    /// Names of payloads to which no history of the store refers now. Changes nothing.
    ///
    /// What is put while this looks may be among them.
    /// - Parameters:
    ///   - store: whose histories, `EventLogStore(log)` for instance.
    ///   - codec: the engine's.
    /// - Throws: what reading throws; `OffloadError.hiddenReferences`.
    /// - Complexity: reads every history, and every payload that is referred to.
    public func unreferenced(
        in store: any HistoryStore, codec: any PayloadCodec
    ) async throws -> [String] {
        // Before the histories: what is put later is not looked at.
        let names = try names()
        let referenced = try await references(in: store, codec).found
        return names.filter { !referenced.contains($0) }
    }

    /// Sets aside what no history of the store refers to, and removes what has waited aside long
    /// enough. Engines may be at work on the store meanwhile; call it every day or so.
    ///
    /// If anything cannot be read, a history, or a payload for lack of a key, nothing is changed.
    /// - Parameters:
    ///   - store: whose histories, `EventLogStore(log)` for instance; all of the folder's.
    ///   - codec: the engine's.
    ///   - ageSeconds: how long it waits. No less than it may take from encoding a value to the
    ///     commit of its event, at a time when the disk is full, too.
    /// - Throws: what reading throws; `OffloadError.hiddenReferences`.
    /// - Complexity: reads every history, and every payload that is referred to.
    public func removeUnreferenced(
        in store: any HistoryStore, codec: any PayloadCodec,
        after ageSeconds: Int64 = FolderPayloadStorage.ageSeconds
    ) async throws -> OffloadSurvey {
        try await removeUnreferenced(
            in: store, codec: codec, after: ageSeconds, now: Self.wallSeconds)
    }

    /// - Parameter now: in seconds since 1970 UTC.
    func removeUnreferenced(
        in store: any HistoryStore, codec: any PayloadCodec, after ageSeconds: Int64, now: Int64
    ) async throws -> OffloadSurvey {
        precondition(ageSeconds >= 0, "nothing waits for less than no time")
        let names = try names()
        let (referenced, missing) = try await references(in: store, codec)
        var survey = OffloadSurvey()
        survey.referencedCount = referenced.count
        survey.missing = missing.sorted()
        try Self.reporting { () throws(DiskError) in
            try lookAside(referenced, until: now - ageSeconds, &survey)
            try setAside(names.filter { !referenced.contains($0) }, now, &survey)
            try removeUnfinished(until: now - ageSeconds)
            try files.syncFolder("")
        }
        return survey
    }

    private func names() throws(OffloadError) -> [String] {
        try Self.reporting { () throws(DiskError) in
            try files.list("").filter { Self.isName($0) && !$0.hasPrefix(Self.newPrefix) }
        }
    }

    // MARK: Histories

    private func references(
        in store: any HistoryStore, _ codec: any PayloadCodec
    ) async throws -> (found: Set<String>, missing: Set<String>) {
        guard let offloading = codec as? OffloadingCodec,
            OffloadingCodec.keys(in: try codec.encode(OffloadProbe())) == [OffloadProbe.key]
        else { throw OffloadError.hiddenReferences }
        var references = References(codec: offloading)
        try await HistoryPayloads.forEach(in: store) { try references.add($0) }
        return (references.found, references.missing)
    }

    private struct References {
        let codec: OffloadingCodec
        var found: Set<String> = []
        var missing: Set<String> = []
        /// Payloads that are elsewhere and were looked into.
        private var seen: Set<String> = []

        init(codec: OffloadingCodec) { self.codec = codec }

        /// A payload may be the reference, or have references in its value, and so may what they
        /// refer to.
        mutating func add(_ payload: Payload) throws {
            if payload == .empty { return }
            let own = OffloadingCodec.keys(in: payload)
            if !own.isEmpty, own.isSubset(of: seen) { return }
            found.formUnion(own)
            seen.formUnion(own)
            do {
                let inside = try codec.references(in: try codec.fetch(payload))
                found.formUnion(inside.keys)
                for nested in inside.payloads { try add(nested) }
            } catch OffloadError.missing(let key) {
                missing.insert(key)
            } catch OffloadError.damaged {
                // Nobody can read what it refers to.
            }
        }
    }

    // MARK: Files

    private func lookAside(
        _ referenced: Set<String>, until last: Int64, _ survey: inout OffloadSurvey
    ) throws(DiskError) {
        for (folder, since) in try foldersAside() {
            let path = "\(Self.asideName)/\(folder)"
            for name in try files.list(path) {
                if referenced.contains(name) {
                    if try restore(name) { survey.restored.append(name) }
                } else if since <= last {
                    if try remove("\(path)/\(name)") { survey.removed.append(name) }
                }
            }
            guard try files.list(path).isEmpty else { continue }
            _ = try remove(path)
        }
    }

    private func setAside(
        _ names: [String], _ now: Int64, _ survey: inout OffloadSurvey
    ) throws(DiskError) {
        guard !names.isEmpty else { return }
        let folder = "\(Self.asideName)/\(now)"
        if try files.kind(of: folder) == nil { try files.makeFolder(folder) }
        // Before anything is in it, whoever else syncs where that comes from.
        try files.syncFolder(Self.asideName)
        for name in names {
            do throws(DiskError) {
                try files.rename(name, to: "\(folder)/\(name)")
                survey.setAside.append(name)
            } catch {
                guard error.isNotFound else { throw error }
            }
        }
        try files.syncFolder(folder)
    }

    /// What a process began to write that ended meanwhile.
    private func removeUnfinished(until last: Int64) throws(DiskError) {
        for name in try files.list("") where name.hasPrefix(Self.newPrefix) {
            let since = name.dropFirst(Self.newPrefix.count).prefix { $0 != "-" }
            guard let since = Int64(since), since <= last else { continue }
            _ = try remove(name)
        }
    }

    /// - Returns: false if it was not there.
    private func remove(_ path: String) throws(DiskError) -> Bool {
        do throws(DiskError) {
            try files.remove(path)
            return true
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }
}
