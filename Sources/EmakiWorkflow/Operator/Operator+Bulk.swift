import EmakiLog

// The same for all that a filter allows.
extension Operator {
    private static let bulkVerbs:
        [String: @Sendable (Operator, ControlRequest, String) throws -> Void] =
            [
                "cancel": { try $0.cancel($2, reason: $1.text("reason") ?? "") },
                "terminate": { try $0.terminate($2, reason: $1.need("reason")) },
                "pause": { try $0.pause($2, reason: $1.text("reason") ?? "") },
                "resume": { operate, _, id in try operate.resume(id, .plain) },
                resetVerb: { operate, request, id in
                    // Repeated, it resets nobody twice.
                    let requestID = try request.need("request") + "/" + id
                    try operate.reset(id, request, requestID: requestID)
                },
                deleteVerb: { operate, _, id in try operate.delete(id) },
            ]
    private static let resetVerb = "reset"
    /// The one that is for what has ended.
    private static let deleteVerb = "delete"

    /// A line for each: what was done, or why not.
    func bulk(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let verb = try request.need("each")
        guard let perform = Self.bulkVerbs[verb] else {
            throw ControlFault.invalid(
                "`\(verb)` is not for many; "
                    + Self.bulkVerbs.keys.sorted().joined(separator: ", ") + " are")
        }
        if verb == "terminate" { _ = try request.need("reason") }
        if verb == Self.resetVerb {
            _ = (try request.need("request"), try point(request))
        } else {
            try request.expectOnly(Set(Self.bulkMembers + ["do"]))
        }
        let isDry = try request.claim("dry")
        var filter = try Filter(request)
        let wantsOpen = verb != Self.deleteVerb
        filter.state = filter.state ?? (wantsOpen ? Self.openState : Self.closedState)
        guard filter.wantsOpen == wantsOpen else {
            throw ControlFault.invalid(
                wantsOpen
                    ? "`state` is open, paused or quarantined for what is done"
                    : "`state` is that of a workflow that has ended: only such are deleted")
        }
        var done = 0
        var failed = 0
        try forEachWorkflow(filter, isBrief: true, sink) { summary in
            var line = JSONObject()
            line.add("workflow", summary.id)
            line.add("type", summary.type)
            do {
                if !isDry { try perform(self, request, summary.id) }
                line.add("done", !isDry)
                done += 1
            } catch {
                let fault = ControlFault(reporting: error)
                line.add("done", false)
                line.add("code", fault.code)
                line.add("message", fault.message)
                failed += 1
            }
            return sink.line(line)
        }
        var result = JSONObject()
        result.add(isDry ? "wouldBe" : "done", done)
        result.add("failed", failed)
        return result
    }
}
