import EmakiLog

// Going back, aside, and away.
extension Operator {
    func reset(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let point = try point(request)
        let reason = try request.text("reason") ?? ""
        let keepsMessages = try !request.claim("withoutMessages")
        let requestID = try request.text("request")
        let runID = try wait { [core] in
            try await core.reset(
                id, to: point, reason: reason, reappliesMessages: keepsMessages,
                requestID: requestID)
        }
        return begun(id, runID)
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

    private func point(_ request: ControlRequest) throws -> ResetPoint {
        let event = try request.number("event")
        let step = try request.text("step")
        let isBeginning = try request.claim("beginning")
        switch (event, step, isBeginning) {
        case (let event?, nil, false): return .event(Int(clamping: event))
        case (nil, let step?, false): return .step(step)
        case (nil, nil, true): return .beginning
        default:
            throw ControlFault.invalid("one of `event`, `step` and `beginning` says where to go on")
        }
    }
}
