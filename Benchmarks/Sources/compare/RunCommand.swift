import ArgumentParser
import CompareKit
import Foundation
import Peers

/// Runs everything, interleaved, and writes lines.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run items A to G and W on all engines that are there, and write JSON lines.",
        discussion: """
            Closed loops warm up for 0.3 s, workflows likewise, before they are measured. Before \
            each program the raw device is timed for 0.15 s. Engines take turns in random order.
            """)

    @Flag(help: "At most five minutes: short, once, small.")
    var quick = false
    @Flag(help: "Everything once, so small that it shows only that it works.")
    var tiny = false
    @Option(help: "Lines are added to this file.")
    var out = "compare.jsonl"
    @Option(help: "Engines, with commas between. Default: all that are there.")
    var engines: String?
    @Option(help: "Items, of A, B, C, D, E, F, G and W.")
    var items = "ABCDEFGW"
    @Option(help: "Times that everything is done. Default: 5; 1 with --quick.")
    var reps: Int?
    @Option(help: "How long one program measures. Default: 5; 0.7 with --quick.")
    var seconds: Double?
    @Option(help: "The folder in which stores are made: on the disk to be measured.")
    var dir = "compare-stores"
    @Option(help: "Our program, a release build.")
    var emaki = "../.build/release/emaki"
    @Option(help: "Seed of the order.")
    var seed: UInt64 = 1
    @Option(help: "Rates of the open loop, with commas between.")
    var rates: String?
    @Option(help: "Streams of 20 events that are loaded.")
    var streams: Int?
    @Option(help: "Events that are appended before the kill, with commas between.")
    var tails: String?
    @Option(help: "Seconds, in all, that programs wait for others to be done with the machine.")
    var patience: Double = 0
    @Flag(help: "Run even if others use the machine.")
    var evenIfBusy = false

    private static let busyLookSeconds = 2.0
    private static let allItems = "ABCDEFGW"

    func validate() throws {
        guard !items.isEmpty, items.allSatisfy({ Self.allItems.contains($0) }) else {
            throw ValidationError("--items \(items): letters of \(Self.allItems)")
        }
        let names = ["emaki", "raw"] + PeerCatalog.all.map(\.name)
        for name in engines.map(Self.parts) ?? [] where !names.contains(name) {
            throw ValidationError("--engines \(name): there are \(names.joined(separator: ", "))")
        }
        for text in rates.map(Self.parts) ?? [] where Double(text).map({ $0 > 0 }) != true {
            throw ValidationError("--rates \(text): arrivals a second, with commas between")
        }
        for text in tails.map(Self.parts) ?? [] where Int(text).map({ $0 > 0 }) != true {
            throw ValidationError("--tails \(text): numbers of events, with commas between")
        }
        guard reps ?? 1 > 0, seconds ?? 1 > 0, streams ?? 1 > 0, patience >= 0 else {
            throw ValidationError("--reps, --seconds, --streams and --patience are above zero")
        }
    }

    private static func parts(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    func run() throws {
        guard FileManager.default.isExecutableFile(atPath: emaki) else {
            throw ValidationError("\(emaki) is not there: swift build -c release --product emaki")
        }
        try refuseIfBusy()
        var size = tiny ? RunSize.tiny : quick ? .quick : .full
        size.repetitions = reps ?? size.repetitions
        size.seconds = seconds ?? size.seconds
        size.rates = rates.map { Self.parts($0).compactMap { Double($0) } } ?? size.rates
        size.streams = streams ?? size.streams
        size.tailEvents =
            tails.map { Self.parts($0).compactMap { Int($0) } } ?? size.tailEvents
        try FileManager.default.createDirectory(atPath: dir, withIntermediateDirectories: true)
        let isThere =
            FileManager.default.fileExists(atPath: out)
            || FileManager.default.createFile(atPath: out, contents: nil)
        guard isThere, let file = FileHandle(forWritingAtPath: out) else {
            throw ValidationError("\(out) cannot be written")
        }
        try file.seekToEnd()
        let places = Runner.Places(
            emaki: absolute(emaki), compare: absolute(CommandLine.arguments[0]),
            folder: absolute(dir))
        let runner = Runner(
            places: places, size: size, run: ISO8601DateFormatter().string(from: Date()),
            patience: patience,
            keep: { try file.write(contentsOf: Data(($0.encoded() + "\n").utf8)) },
            say: { say($0) })
        let interruption = Interruption("ended; the lines so far are in \(out)")
        defer { interruption.end() }
        for repetition in 1...size.repetitions {
            let jobs = RunPlan.jobs(
                size, items: Set(items.map(String.init)), contestants: contestants,
                seed: seed &+ UInt64(repetition) << 32)
            try runner.run(jobs, repetition: repetition)
        }
        try? FileManager.default.removeItem(atPath: places.errorPath)
        // Goes only if it is empty: it may be anybody's.
        rmdir(dir)
    }

    private var contestants: [Contestant] {
        let ours = [
            Contestant("raw"), Contestant("emaki", "loop"), Contestant("emaki", "threads"),
        ]
        let wanted = engines.map { Set(Self.parts($0)) }
        let peers = PeerCatalog.all.filter { wanted?.contains($0.name) ?? true }
        for entry in peers where entry.open == nil {
            say("without \(entry.name): install \(entry.packages), and build again")
        }
        return ours.filter { wanted?.contains($0.engine) ?? true }
            + peers.filter { $0.open != nil }.map { Contestant($0.name) }
    }

    private func refuseIfBusy() throws {
        let watch = MachineState.Watch()
        Thread.sleep(forTimeInterval: Self.busyLookSeconds)
        let cores = watch.othersCores()
        guard cores > MachineState.othersCoresMax, !evenIfBusy, patience == 0 else { return }
        let text = String(format: "%.1f", cores)
        throw ValidationError(
            "others use \(text) cores: wait until they are done, or give --even-if-busy")
    }

    private func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }

    private func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
