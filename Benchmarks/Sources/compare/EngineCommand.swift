import ArgumentParser
import CompareKit
import Foundation
import Peers

extension EnginePlan.Operation: ExpressibleByArgument {}

/// The contract's program for every engine but ours: `compare engine --engine sqlite --op append …`.
struct EngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Run one operation on one engine, and print the contract's line.")

    @Option(help: "Which; `compare engines` lists them.")
    var engine: String
    @Option(help: "What to measure.")
    var op: EnginePlan.Operation
    @Option(help: "The store's folder, made if missing.")
    var dir: String
    @Option(help: "The letter of the item in the report.")
    var item: String?
    @Option(help: "Appenders, each with one append outstanding.")
    var appenders: Int?
    @Option(help: "Events in an append, all or nothing.")
    var batch: Int?
    @Option(help: "Appends a second, arriving at random; latency counts from the arrival.")
    var rate: Double = 0
    @Option(help: "How long append and read measure, and tail at most.")
    var seconds: Double = 5
    @Option(help: "Threads that read.")
    var threads: Int = 1
    @Option(help: "Streams to load or to read from.")
    var streams: Int = 200_000
    @Option(help: "Events in each loaded stream.")
    var perStream: Int = 20
    @Option(help: "Events to append with tail.")
    var events: Int = 1_000_000
    @Option(help: "Bytes in an event.")
    var payload: Int = 256
    @Option(help: "Seed of everything random.")
    var seed: UInt64 = 1
    @Option(help: "First stream to append to, or to read.")
    var base: UInt64 = 1
    @Option(help: "CLOCK_MONOTONIC, in ns, just before the program or its server was started.")
    var t0: Int64?
    @Flag(help: "Read every history once before read measures.")
    var warm = false
    @Flag(help: "After the line, wait with the store open until killed.")
    var hold = false

    func validate() throws {
        let counts = [appenders ?? 1, batch ?? 1, threads, streams, perStream, events]
        guard counts.allSatisfy({ (1...1_000_000_000).contains($0) }) else {
            throw ValidationError("a count is 1 to 1000000000")
        }
        guard seconds > 0, rate >= 0 else {
            throw ValidationError("--seconds and --rate are times")
        }
        guard payload >= Payload.byteCountMin else {
            throw ValidationError("--payload is at least \(Payload.byteCountMin)")
        }
    }

    private var plan: EnginePlan {
        var plan = EnginePlan()
        (plan.engine, plan.operation, plan.folder, plan.item) = (engine, op, dir, item)
        plan.appenders = appenders ?? (rate > 0 ? 256 : op == .tail ? 64 : 1)
        plan.batch = batch ?? (op == .load ? 100 : 1)
        (plan.rate, plan.seconds, plan.threads) = (rate, seconds, threads)
        (plan.streams, plan.perStream, plan.events) = (streams, perStream, events)
        (plan.payload, plan.seed, plan.base, plan.t0) = (payload, seed, base, t0)
        plan.warmsUp = warm
        return plan
    }

    func run() throws {
        let started = Clock.nanoseconds()
        let plan = plan
        let parent = getppid()
        // Who asked may be gone: then the write fails, and the servers are stopped all the same.
        signal(SIGPIPE, SIG_IGN)
        try FileManager.default.createDirectory(atPath: dir, withIntermediateDirectories: true)
        let peer = try PeerCatalog.open(plan)
        let line: ResultLine
        do {
            line = try EngineProgram(plan: plan, peer: peer, started: started).run()
            let text = try line.encoded() + "\n"
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            peer.close()
            throw error
        }
        // A kill ends the wait; so does the end of who asked, or servers would be left behind.
        while hold && getppid() == parent { sleep(1) }
        peer.close()
        guard line.errors == 0 else { throw ExitCode(1) }
    }
}

/// What can be compared with here.
struct EnginesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines", abstract: "List the engines, and what is missing for the others.")

    func run() {
        for entry in PeerCatalog.all {
            print(entry.name, entry.open == nil ? "missing: \(entry.packages)" : "ready")
        }
    }
}
