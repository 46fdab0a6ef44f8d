// The parts of events that have fields of their own.

extension Failure {
    var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, UInt64(kind.rawValue))
        fields.put(2, type)
        fields.put(3, notEmpty: message)
        fields.put(4, ifTrue: isNonRetryable)
        if let timeout { fields.put(5, UInt64(timeout.rawValue)) }
        if let details {
            fields.put(6, details.bytes)
            fields.put(7, details.metadata)
        }
        fields.put(8, ifTrue: mayHaveHappened)
        return fields.bytes
    }

    init?(in fields: FieldReader) throws(HistoryError) {
        guard let content = fields.content(EventField.failure) else { return nil }
        let parts = try FieldReader(content)
        let kind = parts.number(1).flatMap { UInt8(exactly: $0) }.flatMap(Kind.init(rawValue:))
        self.init(
            try parts.need(kind, "the kind of failure"),
            type: try parts.need(parts.text(2), "the failure's type"),
            message: try parts.text(3) ?? "", isNonRetryable: parts.flag(4),
            timeout: parts.number(5).flatMap { UInt8(exactly: $0) }
                .flatMap(Timeout.init(rawValue:)))
        if let bytes = parts.content(6) {
            details = Payload(bytes, metadata: try parts.map(7))
        }
        mayHaveHappened = parts.flag(8)
    }
}

extension RetryPolicy {
    var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, signed: initialInterval.nanoseconds)
        fields.put(2, backoff.bitPattern)
        fields.put(3, signed: maximumInterval.nanoseconds)
        fields.put(4, UInt64(max(0, maximumAttempts)))
        for type in nonRetryableTypes { fields.put(5, type) }
        fields.put(6, jitter.bitPattern)
        return fields.bytes
    }

    init(_ content: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(content)
        self.init(
            initialInterval: .nanoseconds(try fields.need(fields.signed(1), "an interval")),
            backoff: Double(bitPattern: try fields.need(fields.number(2), "the backoff")),
            maximumInterval: .nanoseconds(try fields.need(fields.signed(3), "an interval")),
            maximumAttempts: try fields.need(fields.int(4), "the attempts"),
            nonRetryableTypes: fields.contents(5).map { String(decoding: $0, as: UTF8.self) },
            jitter: Double(bitPattern: try fields.need(fields.number(6), "the jitter")))
    }
}

extension ActivityOptions {
    var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, startToClose)
        fields.put(2, scheduleToClose)
        fields.put(3, scheduleToStart)
        fields.put(4, heartbeat)
        if retry != .standard { fields.put(5, retry.encoded) }
        if cancellation != .try { fields.put(6, UInt64(cancellation.rawValue)) }
        if queue != Self.defaultQueue { fields.put(7, queue) }
        if priority != 0 { fields.put(8, signed: Int64(priority)) }
        fields.put(9, limitKey)
        return fields.bytes
    }

    init(_ content: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(content)
        self.init(startToClose: .zero)
        startToClose = fields.duration(1)
        scheduleToClose = fields.duration(2)
        scheduleToStart = fields.duration(3)
        heartbeat = fields.duration(4)
        if let content = fields.content(5) { retry = try RetryPolicy(content) }
        cancellation = try CancellationType(fields, 6)
        queue = try fields.text(7) ?? Self.defaultQueue
        priority = fields.signed(8).map { Int(clamping: $0) } ?? 0
        limitKey = try fields.text(9)
    }
}

extension CancellationType {
    init(_ fields: FieldReader, _ field: UInt64) throws(HistoryError) {
        guard let number = fields.number(field) else {
            self = .try
            return
        }
        self = try fields.need(
            UInt8(exactly: number).flatMap(Self.init(rawValue:)), "the cancellation type")
    }
}

extension RunOptions {
    var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, runTimeout)
        fields.put(2, executionTimeout)
        fields.put(3, startDelay)
        if let retry { fields.put(4, retry.encoded) }
        fields.put(5, headers)
        fields.put(6, memo)
        fields.put(7, searchAttributes)
        if let versioning { fields.put(8, UInt64(versioning.rawValue)) }
        return fields.bytes
    }

    init(_ content: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(content)
        self.init(
            runTimeout: fields.duration(1), executionTimeout: fields.duration(2),
            startDelay: fields.duration(3))
        if let content = fields.content(4) { retry = try RetryPolicy(content) }
        headers = try fields.map(5)
        memo = try fields.map(6)
        searchAttributes = try fields.map(7)
        versioning = try VersionPolicy.read(fields, 8)
    }
}

extension VersionPolicy {
    static func read(
        _ fields: FieldReader, _ field: UInt64
    ) throws(HistoryError) -> VersionPolicy? {
        guard let number = fields.number(field) else { return nil }
        return try fields.need(
            UInt8(exactly: number).flatMap(Self.init(rawValue:)), "the version policy")
    }
}

extension StepSchedule {
    func encode(into fields: inout FieldWriter) {
        fields.put(EventField.key, key)
        if name != key { fields.put(EventField.name, name) }
        if kind != .activity { fields.put(EventField.variant, UInt64(kind.rawValue)) }
        fields.put(EventField.options, options.encoded)
        fields.put(EventField.hash, inputHash)
        fields.put(EventField.compensation, compensation)
        fields.put(EventField.compensates, compensates)
        fields.put(EventField.isGated, ifTrue: isGated)
    }

    init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        key = try fields.need(fields.text(EventField.key), "the step's key")
        name = try fields.text(EventField.name) ?? key
        let variant = fields.number(EventField.variant) ?? UInt64(Kind.activity.rawValue)
        kind = try fields.need(
            UInt8(exactly: variant).flatMap(Kind.init(rawValue:)), "the kind of step")
        options = try ActivityOptions(fields.content(EventField.options) ?? [])
        inputHash = fields.number(EventField.hash) ?? 0
        compensation = try fields.text(EventField.compensation)
        compensates = try fields.text(EventField.compensates)
        isGated = fields.flag(EventField.isGated)
        input = payload
    }
}

extension ChildStart {
    init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        key = try fields.need(fields.text(EventField.key), "the child's key")
        workflowType = try fields.need(fields.text(EventField.workflowType), "the type")
        workflowID = try fields.need(fields.text(EventField.workflowID), "the workflow")
        let policy = fields.number(EventField.variant).flatMap { UInt8(exactly: $0) }
        closePolicy = try fields.need(
            policy.flatMap(ParentClosePolicy.init(rawValue:)), "the close policy")
        cancellation = try CancellationType(fields, EventField.cancellation)
        if let number = fields.number(EventField.idUse) {
            idUse = try fields.need(
                UInt8(exactly: number).flatMap(ChildIDUse.init(rawValue:)), "the use of the id")
        }
        options = try RunOptions(fields.content(EventField.options) ?? [])
        input = payload
    }
}

extension FieldWriter {
    mutating func put(_ field: UInt64, _ duration: Duration?) {
        if let duration { put(field, signed: duration.nanoseconds) }
    }
}

extension FieldReader {
    func duration(_ field: UInt64) -> Duration? {
        signed(field).map { Duration.nanoseconds($0) }
    }
}
