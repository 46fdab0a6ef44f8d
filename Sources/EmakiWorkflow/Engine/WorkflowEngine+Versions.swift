import EmakiLog

/// A version of a workflow's code, and how many open runs are on it.
public struct WorkflowVersion: Sendable, Equatable {
    /// The workflow.
    public var workflowType: String
    /// Of the code. Empty: that of runs that were started without any.
    public var fingerprint: String
    /// The engine has this code.
    public var isRegistered: Bool
    /// New runs begin with it.
    public var isCurrent: Bool
    /// Open runs that were last executed by it.
    public var openCount = 0
    /// Of these, those that stay on it.
    public var pinnedCount = 0

    /// Open runs of other workflows are pinned to code with this fingerprint: children that they
    /// start begin with this version, too.
    public var isCompanion = false

    /// Nothing needs this code any more: no open run is on it, and none begins with it.
    public var mayBeRetired: Bool {
        isRegistered && !isCurrent && openCount == 0 && !isCompanion
    }
}

extension WorkflowEngine {
    /// Which versions the engine has, and which ones open runs are on: those it does not have,
    /// too. In the order of types and fingerprints.
    ///
    /// Reads the histories of all open runs, and takes as long as that takes. Runs that begin, end
    /// or go over to other code meanwhile may be counted either way.
    /// - Throws: what reading the store throws; `WorkflowError.damaged`.
    public func versions() async throws -> [WorkflowVersion] {
        var tally = VersionTally(core.codes)
        var pages = StreamPages(prefix: StreamName.idPrefix)
        while true {
            let streams = try await pages.next(in: core.store)
            if streams.isEmpty { return tally.sorted }
            for stream in streams {
                let id = String(stream.dropFirst(StreamName.idPrefix.count))
                try await core.count(id, &tally)
            }
        }
    }
}

/// Counts open runs by what they are on.
struct VersionTally: Sendable {
    private struct Key: Hashable {
        var type: String
        var fingerprint: String
    }

    private let codes: CodeTable
    private var versions: [Key: WorkflowVersion] = [:]

    init(_ codes: CodeTable) {
        self.codes = codes
        for code in codes.all { _ = entry(code.name, code.fingerprint) }
    }

    var sorted: [WorkflowVersion] {
        var all = versions.values.sorted {
            ($0.workflowType, $0.fingerprint) < ($1.workflowType, $1.fingerprint)
        }
        for index in all.indices {
            all[index].isCompanion = all.contains {
                $0.pinnedCount > 0 && $0.fingerprint == all[index].fingerprint
                    && $0.workflowType != all[index].workflowType
            }
        }
        return all
    }

    mutating func add(_ start: RunStart, _ fingerprint: String) {
        var version = entry(start.workflowType, fingerprint)
        version.openCount += 1
        if codes.isPinned(start) { version.pinnedCount += 1 }
        versions[Key(type: start.workflowType, fingerprint: fingerprint)] = version
    }

    private mutating func entry(_ type: String, _ fingerprint: String) -> WorkflowVersion {
        let key = Key(type: type, fingerprint: fingerprint)
        if let version = versions[key] { return version }
        let version = WorkflowVersion(
            workflowType: type, fingerprint: fingerprint,
            isRegistered: codes.code(type, fingerprint) != nil,
            isCurrent: codes.current(type)?.fingerprint == fingerprint)
        versions[key] = version
        return version
    }
}

extension EngineCore {
    /// Counts the open run of an id, if there is one.
    fileprivate func count(_ workflowID: String, _ tally: inout VersionTally) async throws {
        let (records, _) = try await idRecords(workflowID)
        guard let opened = records.last(where: { $0.kind == .opened }),
            !records.contains(where: { $0.kind == .closed && $0.runID == opened.runID })
        else { return }
        var start: RunStart?
        var fingerprint = ""
        try await forEachEvent(workflowID, opened.runID) { event in
            switch event.body {
            case .started(let first):
                start = first
                fingerprint = first.fingerprint
            case .versionAdopted(let version): fingerprint = version
            default: break
            }
        }
        if let start { tally.add(start, fingerprint) }
    }
}

extension Operator {
    /// Versions, a line each.
    func versions(_ sink: Sink) throws -> JSONObject {
        let versions = try wait { [engine] in try await engine.versions() }
        for version in versions {
            guard sink.line(version.json) else { throw CancellationError() }
        }
        var result = JSONObject()
        result.add("count", versions.count)
        return result
    }
}

extension WorkflowVersion {
    /// As commands show it.
    fileprivate var json: JSONObject {
        var object = JSONObject()
        object.add("type", workflowType)
        object.add("fingerprint", fingerprint)
        object.add("registered", isRegistered)
        object.add("current", isCurrent)
        object.add("open", openCount)
        object.add("pinned", pinnedCount)
        object.add("mayBeRetired", mayBeRetired)
        return object
    }
}
