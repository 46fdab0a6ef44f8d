import EmakiPlatform

/// What an open log answers by itself.
enum ControlVerbs {
    static let all: [String: ControlHandler] = [
        "stats": { (request, log, _) throws(ControlFault) in try stats(request, log) },
        "read": { (request, log, reply) throws(ControlFault) in try read(request, log, reply) },
        "backup": { (request, log, reply) throws(ControlFault) in
            try backup(request, log, reply)
        },
        "scrub": { (request, log, reply) throws(ControlFault) in try scrub(request, log, reply) },
    ]

    // MARK: Looking

    private static func stats(
        _ request: ControlRequest, _ log: EventLog
    ) throws(ControlFault) -> JSONObject {
        try request.expectOnly([])
        var object = JSONObject()
        object.add("process", Int(log.processNumber))
        object.add("store", json: try encoded(log.store))
        object.add("receipt", json: try encoded(log.receipt))
        object.add("statistics", json: try encoded(log.statistics))
        return object
    }

    /// Events as `emaki read --json` prints them, a line each.
    private static func read(
        _ request: ControlRequest, _ log: EventLog, _ reply: ControlReply
    ) throws(ControlFault) -> JSONObject {
        try request.expectOnly(["stream", "from", "limit", "backwards"])
        let from = try request.number("from")
        let isBackwards = try request.claim("backwards")
        var left = try request.number("limit") ?? .max
        var count: UInt64 = 0
        func take(_ event: RecordedEvent) -> ReadFlow {
            let goesOn = reply.line(EventJSON.object(event))
            count += 1
            left -= 1
            return goesOn && left > 0 ? .next : .stop
        }
        guard left > 0 else { throw .invalid("`limit` is 0; it is at least 1") }
        var object = JSONObject()
        if let name = try request.text("stream") {
            let version = try ControlFault.translating { () throws(LogError) in
                let stream = try StreamID(name)
                try log.forEachEvent(
                    in: stream, from: from.map { StreamVersion($0) },
                    direction: isBackwards ? .backwards : .forwards, take)
                return try log.version(of: stream)
            }
            object.add("version", version.rawValue)
        } else {
            guard !isBackwards else { throw .invalid("`backwards` needs a `stream`") }
            try ControlFault.translating { () throws(LogError) in
                try log.forEachEvent(from: Position(from ?? 0), take)
            }
        }
        object.add("events", count)
        return object
    }

    // MARK: Working

    private static func backup(
        _ request: ControlRequest, _ log: EventLog, _ reply: ControlReply
    ) throws(ControlFault) -> JSONObject {
        try request.expectOnly(["folder", "link", "keep", "check"])
        guard let folder = try request.text("folder"), folder.hasPrefix("/") else {
            throw .invalid("`folder` is missing, or does not start at the root of all folders")
        }
        var options = BackupOptions()
        options.links = try request.claim("link")
        options.keeps = try request.number("keep").map { Int(clamping: $0) }
        let chosen = options
        let report = try ControlFault.translating { () throws(LogError) in
            try log.committer.backup(toFolderAt: folder, chosen) { done, total in
                reply.progress("backed up", done, of: total)
            }
        }
        var object = JSONObject()
        object.add("report", json: try encoded(report))
        if try request.claim("check") {
            let check = try ControlFault.translating { () throws(LogError) in
                try EventLog.checkBackupsHere(at: folder) { done, total in
                    reply.progress("checked", done, of: total)
                }
            }
            object.add("check", json: try encoded(check))
        }
        return object
    }

    private static func scrub(
        _ request: ControlRequest, _ log: EventLog, _ reply: ControlReply
    ) throws(ControlFault) -> JSONObject {
        try request.expectOnly([])
        let report = try ControlFault.translating { () throws(LogError) in
            try log.committer.scrub { done, total in
                reply.progress("scrubbed", done, of: total)
            }
        }
        var object = JSONObject()
        object.add("report", json: try encoded(report))
        return object
    }

    private static func encoded(_ value: some Encodable) throws(ControlFault) -> String {
        do {
            return try JSONEncoding.text(of: value)
        } catch {
            throw ControlFault(code: "internal", "\(error)")
        }
    }
}
