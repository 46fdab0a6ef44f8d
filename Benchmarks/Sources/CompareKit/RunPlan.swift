/// An engine as it takes part in a run.
package struct Contestant: Sendable, Hashable {
    /// `emaki`, `raw`, or a peer.
    package let engine: String
    /// Ours only: from where the appenders call.
    package let variant: String?

    package init(_ engine: String, _ variant: String? = nil) {
        (self.engine, self.variant) = (engine, variant)
    }

    package var name: String { variant.map { "\(engine), \($0)" } ?? engine }
    package var isOurs: Bool { engine == "emaki" || engine == "raw" }

    /// "emaki, loop" or "sqlite".
    package init(named name: String) {
        let words = name.split(separator: ",").map { $0.trimmingPrefix(" ") }
        self.init(String(words.first ?? ""), words.count > 1 ? String(words[1]) : nil)
    }
}

/// How much of everything a run does.
package struct RunSize: Sendable {
    package var seconds: Double
    package var repetitions: Int
    package var appenders: [Int]
    package var rates: [Double]
    /// Streams of 20 events: of D, and of E's stores.
    package var streams: Int
    package var storeStreams: [Int]
    package var tailEvents: [Int]
    /// Engines without a commit of groups append a tail slowly: it ends then.
    package var tailSecondsMax: Double
    /// Whether a store is so large that what is read comes from the device for a while.
    package var readsCold = false

    package static let full = RunSize(
        seconds: 5, repetitions: 5, appenders: [2, 8, 64, 256],
        rates: [1_000, 5_000, 10_000, 20_000, 50_000, 100_000], streams: 200_000,
        storeStreams: [1_000, 100_000], tailEvents: [100_000, 1_000_000], tailSecondsMax: 60,
        readsCold: true)
    package static let quick = RunSize(
        seconds: 0.7, repetitions: 1, appenders: [8, 64, 256], rates: [5_000, 20_000],
        streams: 10_000, storeStreams: [1_000], tailEvents: [20_000], tailSecondsMax: 4)
    package static let tiny = RunSize(
        seconds: 0.05, repetitions: 1, appenders: [8], rates: [1_000], streams: 200,
        storeStreams: [100], tailEvents: [500], tailSecondsMax: 1)
}

/// One engine program, or a few that belong together, between which nothing else runs.
package struct Job: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case append(appenders: Int, batch: Int, rate: Double)
        /// Load, space, reads, compaction, space.
        case store
        /// Load, tail, kill, recover.
        case kill(storeStreams: Int, tailEvents: Int)
        /// Ours only.
        case workflow(variant: String, inFlight: Int, codec: String)
    }

    package let item: String
    package let contestant: Contestant
    package let kind: Kind

    package init(_ item: String, _ contestant: Contestant, _ kind: Kind) {
        (self.item, self.contestant, self.kind) = (item, contestant, kind)
    }
}

/// Which jobs there are, and in which order.
package enum RunPlan {
    /// The jobs of a repetition: engines in random order within each step, so that a slow minute of
    /// the machine meets all alike; rates of the open loop upwards.
    package static func jobs(
        _ size: RunSize, items: Set<String>, contestants: [Contestant], seed: UInt64
    ) -> [Job] {
        var random = seed
        var steps: [[Job]] = []
        if items.contains("A") {
            steps.append(contestants.map { Job("A", $0, .append(appenders: 1, batch: 1, rate: 0)) })
        }
        if items.contains("B") {
            steps += size.appenders.map { count in
                contestants.map { Job("B", $0, .append(appenders: count, batch: 1, rate: 0)) }
            }
        }
        if items.contains("C") {
            steps.append(
                contestants.filter { $0.engine != "raw" }
                    .map { Job("C", $0, .append(appenders: 1, batch: 100, rate: 0)) })
        }
        if items.contains("W") { steps.append(workflows) }
        shuffle(&steps, &random)
        if items.contains("G") {
            steps += size.rates.sorted().map { rate in
                contestants.map { Job("G", $0, .append(appenders: 256, batch: 1, rate: rate)) }
            }
        }
        // What keeps a store asks for one client shape of ours only.
        let keepers = contestants.filter { $0.engine != "raw" && $0.variant != "loop" }
        if items.contains("D") || items.contains("F") {
            steps.append(keepers.map { Job("D", $0, .store) })
        }
        if items.contains("E") {
            for streams in size.storeStreams {
                for events in size.tailEvents {
                    steps.append(
                        keepers.map {
                            Job("E", $0, .kill(storeStreams: streams, tailEvents: events))
                        })
                }
            }
        }
        for index in steps.indices { shuffle(&steps[index], &random) }
        return steps.flatMap { $0 }
    }

    private static var workflows: [Job] {
        func job(_ variant: String, _ inFlight: Int, _ codec: String = "json") -> Job {
            Job(
                "W", Contestant("emaki"),
                .workflow(variant: variant, inFlight: inFlight, codec: codec))
        }
        return [
            job("transfer", 1), job("transfer", 256), job("transfer", 256, "bytes"),
            job("steps10", 1), job("signal", 1), job("update", 1), job("timer", 4),
        ]
    }

    static func shuffle<T>(_ list: inout [T], _ random: inout UInt64) {
        for place in stride(from: list.count - 1, to: 0, by: -1) {
            random &+= 1
            list.swapAt(place, Int(mix64(random) % UInt64(place + 1)))
        }
    }
}
