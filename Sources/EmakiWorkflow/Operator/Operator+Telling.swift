import EmakiLog

// Telling workflows something. Answered once it is durable.
extension Operator {
    func start(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let asked = StartRequest(
            workflowType: try request.need("type"), workflowID: id,
            requestID: try requestID(request), input: try payload(request),
            options: try options(request), reuse: try reuse(request),
            conflict: try conflict(request),
            parent: nil, message: nil)
        let runID: String = try wait { [core] in try await core.start(asked) }
        var result = JSONObject()
        result.add("workflow", id)
        result.add("run", runID)
        return result
    }

    private func options(_ request: ControlRequest) throws(ControlFault) -> RunOptions {
        var options = RunOptions(
            runTimeout: try request.seconds("runTimeout"),
            executionTimeout: try request.seconds("executionTimeout"),
            startDelay: try request.seconds("startDelay"))
        options.memo = try request.labels("memo")
        options.searchAttributes = try request.labels("attributes")
        options.headers = try request.labels("headers")
        return options
    }

    private func reuse(_ request: ControlRequest) throws(ControlFault) -> IDReusePolicy {
        switch try request.text("reuse") {
        case nil, "allow": .allow
        case "allowIfNotCompleted": .allowIfNotCompleted
        case "reject": .reject
        case let other?:
            throw .invalid(
                "`reuse` is \(other); it is allow, allowIfNotCompleted or reject")
        }
    }

    private func conflict(_ request: ControlRequest) throws(ControlFault) -> IDConflictPolicy {
        switch try request.text("conflict") {
        case nil, "fail": .fail
        case "useExisting": .useExisting
        case "terminateExisting": .terminateExisting
        case let other?:
            throw .invalid(
                "`conflict` is \(other); it is fail, useExisting or terminateExisting")
        }
    }

    // MARK: Messages

    func signal(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let message = try message(request)
        if core.options.rehearsesCode { try validate(message, isUpdate: false, for: id) }
        try wait { [core] in try await core.ask(id) { .signal(message, $0) } }
        return done(id)
    }

    func update(_ request: ControlRequest) throws -> JSONObject {
        try needsCode("update")
        let id = try request.need("id")
        let message = try message(request)
        if core.options.rehearsesCode { return try update(id, message) }
        let answer: Payload = try wait { [core] in
            core.waits(1)
            defer { core.waits(-1) }
            return try await core.ask(id) {
                .update(message, accepted: { _ in }, completed: $0)
            }
        }
        return done(id, answer)
    }

    func query(_ request: ControlRequest) throws -> JSONObject {
        try needsCode("query")
        let id = try request.need("id")
        let name = try request.need("name")
        let input = try payload(request)
        let answer: Payload = try wait { [core] in
            try await core.ask(id) {
                core.options.rehearsesCode
                    ? .rehearse(.query(name, input, $0)) : .query(name, input, $0)
            }
        }
        return done(id, answer)
    }

    private func needsCode(_ verb: String) throws(ControlFault) {
        if core.options.executesCode || core.options.rehearsesCode { return }
        throw ControlFault(
            code: "needsCode",
            "`\(verb)` needs the workflow's code: ask while the process that has it runs on the"
                + " store, or with the program that has it, as `PROGRAM workflow \(verb) …`")
    }

    private func message(_ request: ControlRequest) throws -> Message {
        Message(
            name: try request.need("name"), requestID: try requestID(request),
            input: try payload(request))
    }

    /// What the engine's codec makes of an input, for those who put it into another one.
    func encode(_ request: ControlRequest) throws -> JSONObject {
        let payload = try payload(request)
        var metadata = JSONObject()
        for (name, text) in payload.metadata.sorted(by: { $0.key < $1.key }) {
            metadata.add(name, text)
        }
        var result = JSONObject()
        result.add("base64", Base64.text(of: payload.bytes[...]))
        result.add("metadata", metadata)
        return result
    }

    // MARK: Ending, resting

    func cancel(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        try cancel(
            id, reason: try request.text("reason") ?? "", requestID: try requestID(request))
        return done(id)
    }

    func cancel(_ id: String, reason: String, requestID: String? = nil) throws {
        let requestID = requestID ?? core.newRequestID()
        try wait { [core] in
            try await core.ask(id) {
                .cancel(requestID: requestID, reason: reason, childOf: nil, $0)
            }
        }
    }

    func terminate(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        try terminate(id, reason: try request.need("reason"))
        return done(id)
    }

    func terminate(_ id: String, reason: String) throws {
        try wait { [core] in
            try await core.ask(id) { .terminate(requestID: "", reason: reason, childOf: nil, $0) }
        }
    }

    func pause(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        try pause(id, reason: try request.text("reason") ?? "")
        return done(id)
    }

    func pause(_ id: String, reason: String) throws {
        try wait { [core] in try await core.ask(id) { .pause(reason: reason, $0) } }
    }

    func resume(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let resumption: Resumption
        switch (try request.text("retry"), try request.text("skip")) {
        case (nil, nil): resumption = .plain
        case (let key?, nil): resumption = .retryCompensation(key: key)
        case (nil, let key?):
            resumption = .skipCompensation(key: key, reason: try request.need("reason"))
        case (_?, _?): throw ControlFault.invalid("`retry` and `skip` exclude each other")
        }
        try resume(id, resumption)
        return done(id)
    }

    func resume(_ id: String, _ resumption: Resumption) throws {
        try wait { [core] in try await core.ask(id) { .resume(resumption, $0) } }
    }

    // MARK: Attempts

    func complete(_ request: ControlRequest) throws -> JSONObject {
        try end(request, .success(try payload(request)))
    }

    func fail(_ request: ControlRequest) throws -> JSONObject {
        let failure = Failure(
            .application, type: try request.text("type") ?? "ApplicationFailure",
            message: try request.text("message") ?? "", isNonRetryable: try request.claim("final"))
        return try end(request, .failure(failure))
    }

    private func end(
        _ request: ControlRequest, _ result: Result<Payload, Failure>
    ) throws -> JSONObject {
        let token = try token(request)
        let isCurrent: Bool = try wait { [core] in
            try await core.ask(token.workflowID) {
                .ended(
                    runID: token.runID, step: token.step, attempt: token.attempt, result, $0)
            }
        }
        return try attempt(token, isCurrent)
    }

    func heartbeat(_ request: ControlRequest) throws -> JSONObject {
        let token = try token(request)
        let details = try payload(request)
        let isCurrent: Bool = try wait { [core] in
            try await core.ask(token.workflowID) {
                .heartbeat(
                    runID: token.runID, step: token.step, attempt: token.attempt, details, $0)
            }
        }
        return try attempt(token, isCurrent)
    }

    private func attempt(_ token: TaskToken, _ isCurrent: Bool) throws(ControlFault) -> JSONObject {
        guard isCurrent else {
            throw ControlFault(
                code: "notCurrent",
                "attempt \(token.attempt) at step \(token.step) of \(token.workflowID) is not the"
                    + " current one any more; nothing was recorded")
        }
        return done(token.workflowID)
    }

    private func token(_ request: ControlRequest) throws(ControlFault) -> TaskToken {
        let text = try request.need("token")
        guard let token = TaskToken(text) else {
            throw .invalid("\(text) is no token: RUN.STEP.ATTEMPT.WORKFLOW")
        }
        return token
    }

    // MARK: Parts

    private func requestID(_ request: ControlRequest) throws -> String {
        let requestID = try request.text("request") ?? core.newRequestID()
        guard requestID.utf8.count <= EngineCore.requestIDBytesMax else {
            throw WorkflowError.tooLarge(
                "request id", limit: EngineCore.requestIDBytesMax, value: requestID.utf8.count)
        }
        return requestID
    }

    /// What is given is JSON, as the standard codec has it; nothing is `Nothing`.
    private func payload(_ request: ControlRequest) throws(ControlFault) -> Payload {
        guard let text = try request.text("input") else { return .empty }
        do throws(JSONSlices.Fault) {
            _ = try JSONSlices(validating: Array(text.utf8)).whole()
        } catch {
            throw .invalid("the input is no JSON: \(error)")
        }
        let payload = Payload(text: text)
        do {
            return try core.options.encodesForOperators?(payload) ?? payload
        } catch {
            throw ControlFault(reporting: error)
        }
    }

    func done(_ id: String, _ answer: Payload? = nil) -> JSONObject {
        var result = JSONObject()
        result.add("workflow", id)
        if let answer {
            let shown = core.options.decodesForOperators?(answer) ?? answer
            result.add("answer", json: PayloadText(shown.bytes).json)
        }
        return result
    }
}

extension ControlRequest {
    /// Lines of a name, a sign of equality, and a value.
    func labels(_ name: String) throws(ControlFault) -> [String: String] {
        var labels: [String: String] = [:]
        // An empty line is no wish for nothing: a filter without it would allow more.
        let lines = try text(name)?.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines ?? [] {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw .invalid("`\(name)` is name=value, not `\(line)`")
            }
            guard labels.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw .invalid("`\(name)` names \(parts[0]) twice")
            }
        }
        return labels
    }

    fileprivate func seconds(_ name: String) throws(ControlFault) -> Duration? {
        try number(name).map { .seconds(Int64(clamping: $0)) }
    }
}
