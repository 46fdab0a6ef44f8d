import EmakiLog

/// Everything that the demo found out, for `--json`.
struct DemoReport: Sendable {
    var folder = ""
    var store: StoreDescription?
    var historyCount = 0
    var importedEventCount = 0
    var importMilliseconds = 0.0
    var appends: BenchResult?
    var rounds: [DemoRound] = []
    var transfer = DemoTransfer.Outcome()
    var totalSeconds = 0.0

    var acknowledgedCount: Int { rounds.reduce(0) { $0 + $1.acknowledgedCount } }
    var provenCount: Int { rounds.reduce(0) { $0 + $1.provenCount } }
    var unacknowledgedCount: Int { rounds.reduce(0) { $0 + $1.unacknowledgedCount } }
    var failures: [String] { rounds.flatMap(\.failures) }

    /// At least one process was killed, nothing that it acknowledged is missing or changed, and the
    /// transfer's halves happened once each.
    var isProven: Bool {
        !rounds.isEmpty && failures.isEmpty && provenCount == acknowledgedCount
            && acknowledgedCount > 0 && transfer.isProven
    }

    var object: JSONObject {
        var object = JSONObject()
        object.add("proven", isProven)
        object.add("folder", folder)
        if let store {
            object.add("f_us", json: (Double(store.rawLatencyNanoseconds) / 1000).fixed(3))
            object.add("sync_method", store.syncMethod)
            object.add("warnings", store.warnings)
        }
        object.add("histories", historyCount)
        object.add("imported_events", importedEventCount)
        object.add("import_ms", json: importMilliseconds.fixed(3))
        if let appends { object.add("appends", json: appends.line) }
        object.add("acknowledged", acknowledgedCount)
        object.add("proved", provenCount)
        object.add("durable_unacknowledged", unacknowledgedCount)
        object.add("failures", failures)
        object.add("rounds", rounds.map(\.object))
        object.add("transfer", transfer.object)
        object.add("total_s", json: totalSeconds.fixed(3))
        return object
    }
}

extension DemoTransfer.Outcome {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.add("killed", wasKilled)
        object.add("debits", debitCount)
        object.add("credits", creditCount)
        object.add("receipt", receipt)
        object.add("resume_ms", json: resumeMilliseconds.fixed(3))
        return object
    }
}

extension DemoRound {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.add("round", round)
        object.add("acknowledged", acknowledgedCount)
        object.add("proved", provenCount)
        object.add("durable_unacknowledged", unacknowledgedCount)
        object.add("open_ms", json: openMilliseconds.fixed(3))
        object.add("torn_frames_cut", cutCount)
        object.add("failures", failures)
        return object
    }
}
