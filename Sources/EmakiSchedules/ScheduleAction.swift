import EmakiWorkflow

/// What a schedule starts: a workflow, always with the same input.
///
/// Of each nominal time one run is started, whose workflow id is the schedule's name and the
/// nominal time, as `reports/2026-11-28T09:00:00Z`. Both are in its headers, too, as `schedule` and
/// `nominalTime`.
public struct ScheduleAction: Sendable, Equatable {
    /// Name of the workflow's type.
    public var workflowType: String
    /// The input, as the engine's codec wrote it.
    public var input: Payload
    /// Limits and labels of the runs; a start delay counts after the nominal time.
    public var options: RunOptions

    /// Of the input.
    public static let inputBytesMax = 64 << 10

    /// A workflow by its name.
    public init(workflowType: String, input: Payload, options: RunOptions = RunOptions()) {
        self.workflowType = workflowType
        self.input = input
        self.options = options
    }

    func check() throws(ScheduleError) {
        guard !workflowType.isEmpty else {
            throw .invalid(field: "workflowType", "it is empty")
        }
        guard input.bytes.count <= Self.inputBytesMax else {
            throw .invalid(
                field: "input", "\(input.bytes.count) bytes; at most \(Self.inputBytesMax)")
        }
    }
}

extension ScheduleAction: Codable {
    private enum CodingKeys: String, CodingKey {
        case workflowType, input, inputBytes, inputMetadata, runTimeout, executionTimeout
        case startDelay, retry, headers, memo, searchAttributes, versioning
    }

    /// As `RetryPolicy`, with intervals in seconds.
    private struct Retry: Codable {
        var initialSeconds: Double?
        var backoff: Double?
        var maximumSeconds: Double?
        var maximumAttempts: Int?
        var nonRetryableTypes: [String]?
        var jitter: Double?

        init(_ policy: RetryPolicy) {
            initialSeconds = policy.initialInterval.seconds
            backoff = policy.backoff
            maximumSeconds = policy.maximumInterval.seconds
            maximumAttempts = policy.maximumAttempts
            nonRetryableTypes = policy.nonRetryableTypes
            jitter = policy.jitter
        }

        var policy: RetryPolicy {
            let usual = RetryPolicy.standard
            return RetryPolicy(
                initialInterval: initialSeconds.map { .bounded($0) } ?? usual.initialInterval,
                backoff: backoff ?? usual.backoff,
                maximumInterval: maximumSeconds.map { .bounded($0) } ?? usual.maximumInterval,
                maximumAttempts: maximumAttempts ?? usual.maximumAttempts,
                nonRetryableTypes: nonRetryableTypes ?? [], jitter: jitter ?? usual.jitter)
        }
    }

    /// Whoever writes it by hand gives what is not the usual; the input is text, as the engine's
    /// codec writes it.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func duration(_ key: CodingKeys) throws -> Duration? {
            try values.decodeIfPresent(Double.self, forKey: key).map { .bounded($0) }
        }
        func map(_ key: CodingKeys) throws -> [String: String] {
            try values.decodeIfPresent([String: String].self, forKey: key) ?? [:]
        }
        let text = try values.decodeIfPresent(String.self, forKey: .input)
        let bytes = try values.decodeIfPresent([UInt8].self, forKey: .inputBytes)
        var options = RunOptions(
            runTimeout: try duration(.runTimeout),
            executionTimeout: try duration(.executionTimeout),
            startDelay: try duration(.startDelay),
            retry: try values.decodeIfPresent(Retry.self, forKey: .retry)?.policy,
            versioning: try values.decodeIfPresent(VersionPolicy.self, forKey: .versioning))
        options.headers = try map(.headers)
        options.memo = try map(.memo)
        options.searchAttributes = try map(.searchAttributes)
        self.init(
            workflowType: try values.decode(String.self, forKey: .workflowType),
            input: Payload(
                bytes ?? Array((text ?? "").utf8), metadata: try map(.inputMetadata)),
            options: options)
    }

    /// The input as text, if it is some.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(workflowType, forKey: .workflowType)
        if let text = String(validating: input.bytes, as: UTF8.self) {
            try values.encode(text, forKey: .input)
        } else {
            try values.encode(input.bytes, forKey: .inputBytes)
        }
        if !input.metadata.isEmpty { try values.encode(input.metadata, forKey: .inputMetadata) }
        try values.encodeIfPresent(options.runTimeout?.seconds, forKey: .runTimeout)
        try values.encodeIfPresent(options.executionTimeout?.seconds, forKey: .executionTimeout)
        try values.encodeIfPresent(options.startDelay?.seconds, forKey: .startDelay)
        try values.encodeIfPresent(options.retry.map(Retry.init), forKey: .retry)
        try values.encodeIfPresent(options.versioning, forKey: .versioning)
        for (map, key) in [
            (options.headers, CodingKeys.headers), (options.memo, .memo),
            (options.searchAttributes, .searchAttributes),
        ] where !map.isEmpty { try values.encode(map, forKey: key) }
    }
}

extension Duration {
    /// Of whole seconds and their parts.
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// From 0 to 73 years; what is beyond is the nearest.
    fileprivate static func bounded(_ seconds: Double) -> Duration {
        .seconds(seconds.isFinite ? min(max(0, seconds), 2.3e9) : 0)
    }
}
