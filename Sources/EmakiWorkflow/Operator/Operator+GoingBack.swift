import EmakiLog

// Going back, aside, and away.
extension Operator {
    func reset(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        return begun(id, try reset(id, request, requestID: try request.text("request")))
    }

    /// - Returns: the new run.
    @discardableResult
    func reset(_ id: String, _ request: ControlRequest, requestID: String?) throws -> String {
        let point = try point(request)
        let reason = try request.text("reason") ?? ""
        let keepsMessages = try !request.claim("withoutMessages")
        return try wait { [core] in
            try await core.reset(
                id, to: point, reason: reason, reappliesMessages: keepsMessages,
                requestID: requestID)
        }
    }

    func fork(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let newID = try request.need("as")
        let run = try request.text("run")
        let point = try point(request)
        let keepsMessages = try !request.claim("withoutMessages")
        let requestID = try request.text("request")
        let runID = try wait { [core] in
            try await core.fork(
                id, run, to: point, as: newID, reappliesMessages: keepsMessages,
                requestID: requestID)
        }
        return begun(newID, runID)
    }

    func delete(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        try delete(id)
        return done(id)
    }

    func delete(_ id: String) throws {
        try wait { [core] in
            let _: Bool = try await core.ask(id) { .delete(endedBefore: nil, $0) }
        }
    }

    private func begun(_ id: String, _ runID: String) -> JSONObject {
        var result = JSONObject()
        result.add("workflow", id)
        result.add("run", runID)
        return result
    }

    func point(_ request: ControlRequest) throws -> ResetPoint {
        var points: [ResetPoint] = []
        if let event = try request.number("event") { points.append(.event(Int(clamping: event))) }
        if let step = try request.text("step") { points.append(.step(step)) }
        if try request.claim("beginning") { points.append(.beginning) }
        if try request.claim("checkpoint") { points.append(.checkpoint) }
        guard points.count == 1 else {
            throw ControlFault.invalid(
                "one of `event`, `step`, `beginning` and `checkpoint` says where to go on")
        }
        return points[0]
    }
}
