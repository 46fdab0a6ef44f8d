import Foundation

/// The line that every engine program prints, one for each call, with what the runner adds to it.
///
/// What was not measured is absent or null.
public struct ResultLine: Codable, Sendable, Equatable {
    public var v = 1
    public var engine = ""
    public var variant = ""
    public var op = ""
    public var item = ""
    public var appenders = 1
    public var threads = 1
    public var batch = 1
    public var rate: Double?
    public var payload = 256
    public var wallS = 0.0
    public var ops = 0
    public var events = 0
    public var errors = 0
    public var opsPerS: Double?
    public var eventsPerS: Double?
    public var mbPerS: Double?
    public var clientCpuS: Double?
    public var latUs: Latency?
    /// Percent and microseconds, from the histogram: what a percentile plot is drawn from.
    public var latPoints: [[Double]]?
    public var execMs, openMs, firstAppendMs, firstReadMs: Double?
    public var fUs: Double?
    public var blockBytes: Int?
    public var syncMethod: String?
    public var syncLatencyUs: Double?
    public var bytesPerEvent: Double?
    public var bytesOnDisk: Int?
    public var commitsPerOp, bytesPerOp, cpuUsPerOp: Double?
    /// CPU of the servers that the program started.
    public var serverCpuS: Double?
    /// In words: what was chosen for this engine, or what went wrong.
    public var note: String?

    // Added by the runner.
    public var rep: Int?
    public var run: String?
    public var ts: String?
    public var load1: Double?
    /// The median and the 99th percentile of raw 4 KiB durable writes just before, microseconds.
    public var rawRefUs, rawRefP99Us: Double?
    /// Cores that others used meanwhile.
    public var othersCores: Double?
    public var cache: String?
    public var after: String?
    public var storeEvents, tailEvents: Int?
    public var machine: String?
    public var version: String?

    public init() {}

    public struct Latency: Codable, Sendable, Equatable {
        public var mean, p50, p90, p99, p999, max: Double

        public init(
            mean: Double, p50: Double, p90: Double, p99: Double, p999: Double, max: Double
        ) {
            (self.mean, self.p50, self.p90) = (mean, p50, p90)
            (self.p99, self.p999, self.max) = (p99, p999, max)
        }
    }
}

extension ResultLine {
    /// Sets the rates from what was done in `wallS`.
    public mutating func setRates() {
        guard wallS > 0 else { return }
        opsPerS = Double(ops) / wallS
        eventsPerS = Double(events) / wallS
        mbPerS = Double(events * payload) / 1e6 / wallS
    }

    /// One line of JSON, without its end.
    public func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    public init(decoding text: some StringProtocol) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(text.utf8))
    }

    /// Reads lines, and skips empty ones.
    public static func lines(in text: String) throws -> [ResultLine] {
        try text.split(whereSeparator: \.isNewline).enumerated().map { index, line in
            do { return try ResultLine(decoding: line) } catch {
                throw LineFailure(line: index + 1, reason: "\(error)")
            }
        }
    }
}

/// A line that no program of the contract printed.
public struct LineFailure: Error, CustomStringConvertible, Equatable {
    public let line: Int
    public let reason: String

    public var description: String { "line \(line): \(reason)" }
}

extension ResultLine {
    /// Fields have defaults, so that a program may leave out what does not apply to it.
    public init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func take<T: Decodable>(_ key: CodingKeys, _ path: WritableKeyPath<Self, T>) throws {
            if let value = try container.decodeIfPresent(T.self, forKey: key) {
                self[keyPath: path] = value
            }
        }
        engine = try container.decode(String.self, forKey: .engine)
        op = try container.decode(String.self, forKey: .op)
        try take(.v, \.v)
        try take(.variant, \.variant)
        try take(.item, \.item)
        try take(.appenders, \.appenders)
        try take(.threads, \.threads)
        try take(.batch, \.batch)
        try take(.payload, \.payload)
        try take(.wallS, \.wallS)
        try take(.ops, \.ops)
        try take(.events, \.events)
        try take(.errors, \.errors)
        try takeOptionals(from: container)
    }

    private mutating func takeOptionals(
        from container: KeyedDecodingContainer<CodingKeys>
    ) throws {
        func double(_ key: CodingKeys) throws -> Double? {
            try container.decodeIfPresent(Double.self, forKey: key)
        }
        func int(_ key: CodingKeys) throws -> Int? {
            try container.decodeIfPresent(Int.self, forKey: key)
        }
        func text(_ key: CodingKeys) throws -> String? {
            try container.decodeIfPresent(String.self, forKey: key)
        }
        (rate, opsPerS, eventsPerS) = (
            try double(.rate), try double(.opsPerS), try double(.eventsPerS)
        )
        (mbPerS, clientCpuS) = (try double(.mbPerS), try double(.clientCpuS))
        latUs = try container.decodeIfPresent(Latency.self, forKey: .latUs)
        latPoints = try container.decodeIfPresent([[Double]].self, forKey: .latPoints)
        (execMs, openMs) = (try double(.execMs), try double(.openMs))
        (firstAppendMs, firstReadMs) = (try double(.firstAppendMs), try double(.firstReadMs))
        (fUs, blockBytes, syncMethod) = (
            try double(.fUs), try int(.blockBytes), try text(.syncMethod)
        )
        syncLatencyUs = try double(.syncLatencyUs)
        (bytesPerEvent, bytesOnDisk) = (try double(.bytesPerEvent), try int(.bytesOnDisk))
        (commitsPerOp, bytesPerOp) = (try double(.commitsPerOp), try double(.bytesPerOp))
        (cpuUsPerOp, serverCpuS) = (try double(.cpuUsPerOp), try double(.serverCpuS))
        (note, rep, run, ts) = (try text(.note), try int(.rep), try text(.run), try text(.ts))
        (load1, rawRefUs) = (try double(.load1), try double(.rawRefUs))
        (rawRefP99Us, othersCores) = (try double(.rawRefP99Us), try double(.othersCores))
        (cache, after) = (try text(.cache), try text(.after))
        (storeEvents, tailEvents) = (try int(.storeEvents), try int(.tailEvents))
        (machine, version) = (try text(.machine), try text(.version))
    }
}
