extension RunStart {
    enum Field {
        static let firstRunID: UInt64 = 40
        static let continuedFrom: UInt64 = 41
        static let parentWorkflowID: UInt64 = 42
        static let parentRunID: UInt64 = 43
        static let seed: UInt64 = 44
        static let fingerprint: UInt64 = 45
        static let runDeadline: UInt64 = 46
        static let executionDeadline: UInt64 = 47
        static let runTimeout: UInt64 = 48
        static let startsAt: UInt64 = 49
        static let retry: UInt64 = 50
        static let headers: UInt64 = 51
        static let memo: UInt64 = 52
        static let searchAttributes: UInt64 = 53
        static let earlierRequests: UInt64 = 54
        static let origins: UInt64 = 55
        static let versioning: UInt64 = 56
        static let copiedAhead: UInt64 = 57
    }

    func encode(into fields: inout FieldWriter) {
        if attempt != 1 { fields.put(EventField.attempt, UInt64(attempt)) }
        fields.put(EventField.requestID, notEmpty: requestID)
        fields.put(EventField.runID, runID)
        fields.put(EventField.workflowID, workflowID)
        fields.put(EventField.workflowType, workflowType)
        if firstRunID != runID { fields.put(Field.firstRunID, firstRunID) }
        fields.put(Field.continuedFrom, continuedFrom)
        fields.put(Field.parentWorkflowID, parent?.workflowID)
        fields.put(Field.parentRunID, parent?.runID)
        fields.put(Field.seed, seed)
        fields.put(Field.fingerprint, fingerprint)
        if let runDeadline { fields.put(Field.runDeadline, signed: runDeadline) }
        if let executionDeadline {
            fields.put(Field.executionDeadline, signed: executionDeadline)
        }
        fields.put(Field.runTimeout, runTimeout)
        if let startsAt { fields.put(Field.startsAt, signed: startsAt) }
        if let retry { fields.put(Field.retry, retry.encoded) }
        fields.put(Field.headers, headers)
        fields.put(Field.memo, memo)
        fields.put(Field.searchAttributes, searchAttributes)
        for request in earlierRequests { fields.put(Field.earlierRequests, request) }
        for origin in origins { fields.put(Field.origins, origin.encoded) }
        if let versioning { fields.put(Field.versioning, UInt64(versioning.rawValue)) }
        if copiedAhead > 0 { fields.put(Field.copiedAhead, UInt64(copiedAhead)) }
    }

    init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        attempt = fields.int(EventField.attempt) ?? 1
        requestID = try fields.text(EventField.requestID) ?? ""
        runID = try fields.need(fields.text(EventField.runID), "the run")
        workflowID = try fields.need(fields.text(EventField.workflowID), "the workflow")
        workflowType = try fields.need(fields.text(EventField.workflowType), "the type")
        firstRunID = try fields.text(Field.firstRunID) ?? runID
        continuedFrom = try fields.text(Field.continuedFrom)
        if let workflowID = try fields.text(Field.parentWorkflowID) {
            parent = Parent(
                workflowID: workflowID,
                runID: try fields.need(fields.text(Field.parentRunID), "the parent's run"))
        }
        seed = try fields.need(fields.number(Field.seed), "the seed")
        fingerprint = try fields.text(Field.fingerprint) ?? ""
        runDeadline = fields.instant(Field.runDeadline)
        executionDeadline = fields.instant(Field.executionDeadline)
        runTimeout = fields.duration(Field.runTimeout)
        startsAt = fields.instant(Field.startsAt)
        if let content = fields.content(Field.retry) { retry = try RetryPolicy(content) }
        headers = try fields.map(Field.headers)
        memo = try fields.map(Field.memo)
        searchAttributes = try fields.map(Field.searchAttributes)
        earlierRequests = fields.contents(Field.earlierRequests)
            .map { String(decoding: $0, as: UTF8.self) }
        for content in fields.contents(Field.origins) { origins.append(try Origin(content)) }
        versioning = try VersionPolicy.read(fields, Field.versioning)
        copiedAhead = fields.int(Field.copiedAhead) ?? 0
        input = payload
    }
}
