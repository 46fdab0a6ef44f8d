import Foundation

/// The line that every engine program prints, one for each call, with what the runner adds to it.
///
/// What was not measured is absent or null.
package struct ResultLine: Codable, Sendable, Equatable {
    package var v = 1
    package var engine = ""
    package var variant = ""
    package var op = ""
    package var item = ""
    package var appenders = 1
    package var threads = 1
    package var batch = 1
    package var rate: Double?
    package var payload = 256
    package var wallS = 0.0
    package var ops = 0
    package var events = 0
    package var errors = 0
    package var opsPerS: Double?
    package var eventsPerS: Double?
    package var mbPerS: Double?
    package var clientCpuS: Double?
    package var latUs: Latency?
    /// Percent and microseconds, from the histogram: what a percentile plot is drawn from.
    package var latPoints: [[Double]]?
    package var execMs, openMs, firstAppendMs, firstReadMs: Double?
    package var fUs: Double?
    package var blockBytes: Int?
    package var syncMethod: String?
    package var syncLatencyUs: Double?
    package var bytesPerEvent: Double?
    package var bytesOnDisk: Int?
    package var commitsPerOp, bytesPerOp, cpuUsPerOp: Double?
    /// CPU of the servers that the program started.
    package var serverCpuS: Double?
    /// In words: what was chosen for this engine, or what went wrong.
    package var note: String?

    // Added by the runner.
    package var rep: Int?
    package var run: String?
    package var ts: String?
    package var load1: Double?
    /// The median and the 99th percentile of raw 4 KiB durable writes just before, microseconds.
    package var rawRefUs, rawRefP99Us: Double?
    /// Cores that others used meanwhile.
    package var othersCores: Double?
    package var cache: String?
    package var after: String?
    package var storeEvents, tailEvents: Int?
    package var machine: String?
    package var version: String?

    package init() {}

    package struct Latency: Codable, Sendable, Equatable {
        package var mean, p50, p90, p99, p999, max: Double

        package init(
            mean: Double, p50: Double, p90: Double, p99: Double, p999: Double, max: Double
        ) {
            (self.mean, self.p50, self.p90) = (mean, p50, p90)
            (self.p99, self.p999, self.max) = (p99, p999, max)
        }
    }
}

extension ResultLine {
    /// Sets the rates from what was done in `wallS`.
    package mutating func setRates() {
        guard wallS > 0 else { return }
        opsPerS = Double(ops) / wallS
        eventsPerS = Double(events) / wallS
        mbPerS = Double(events * payload) / 1e6 / wallS
    }

    /// One line of JSON, without its end.
    package func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    package init(decoding text: some StringProtocol) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(text.utf8))
    }

    /// Reads lines, and skips empty ones.
    package static func lines(in text: String) throws -> [ResultLine] {
        try text.split(whereSeparator: \.isNewline).enumerated().map { index, line in
            do { return try ResultLine(decoding: line) } catch {
                throw LineFailure(line: index + 1, reason: "\(error)")
            }
        }
    }
}

/// A line that no program of the contract printed.
package struct LineFailure: Error, CustomStringConvertible, Equatable {
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

extension ResultLine {
    /// Fields have defaults, so that a program may leave out what does not apply to it.
    package init(from decoder: any Decoder) throws {
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
