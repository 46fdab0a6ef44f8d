import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform

/// Figures of one sealed file by itself: the table in `Docs/benchmarks.md`. No part of the
/// benchmark contract, and so not listed.
struct SealedFileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sealed-file", abstract: "Measure one sealed file by itself.",
        shouldDisplay: false)

    @Option(help: "Histories.") var streams = 200_000
    @Option(help: "Events of each.") var perStream = 20
    @Option(help: "Bytes of a chunk before compression.") var chunkBytes: Int?
    @Option(help: "LZ4's level, 3 to 12; without it, its fast method.") var level: Int?
    @Option(help: "Threads that read.") var threads = 1
    @Option(help: "Seconds for each measurement.") var seconds = 2.0
    @Option(help: "Folder that is made for the file and removed.") var dir: String?
    @Flag(help: "One line of JSON.") var json = false

    func validate() throws {
        guard streams > 0, perStream > 0, threads > 0, seconds > 0, streams < 1 << 26,
            perStream < 1 << 16, chunkBytes.map({ (512...(1 << 20)).contains($0) }) ?? true,
            level.map({ Compression.highLevels.contains($0) }) ?? true
        else { throw ValidationError("A number is out of range.") }
    }

    func run() async throws {
        let folder = try BenchFolder(dir)
        // Somebody else's folder is refused here, and so is not removed.
        if dir != nil { try PosixFileSystem(root: folder.path).makeFolder("") }
        defer { BenchFolder.remove(folder.path) }
        let payloads = BenchPayload(payloadBytes: 256)
        var result = JSONObject()
        result.add("streams", streams)
        result.add("per_stream", perStream)
        if let chunkBytes { result.add("chunk_bytes", chunkBytes) }
        result.add("level", level ?? 0)
        result.add("threads", threads)

        let started = SystemClock.monotonicNanoseconds()
        let trial = try SealedTrial(
            in: PosixFileSystem(root: folder.path),
            .init(
                streamCount: streams, eventsPerStream: perStream, chunkBytes: chunkBytes,
                level: level)
        ) { payloads.fill(&$0, stream: $1, version: $2) }
        let made = Double(SystemClock.monotonicNanoseconds() - started) / 1e9
        let eventCount = streams * perStream
        result.add("made_events_per_s", Int(Double(eventCount) / made))
        addSizes(of: trial, eventCount: eventCount, to: &result)
        // From here on all is in memory.
        try trial.check()
        try await measure(trial, payloads, into: &result)

        var output = Output()
        if json {
            try output.line(result)
        } else {
            for member in result.members { try output.line("\(member.name): \(member.json)") }
        }
        try output.send()
    }

    private func addSizes(
        of trial: SealedTrial, eventCount: Int, to result: inout JSONObject
    ) {
        var total = 0
        for part in trial.bytesByPart {
            total += part.bytes
            result.add("\(part.name)_per_event", json: perEvent(part.bytes, eventCount))
        }
        result.add("bytes_per_event", json: perEvent(total, eventCount))
    }

    private func perEvent(_ bytes: Int, _ eventCount: Int) -> String {
        let hundredths = bytes * 100 / eventCount
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private func measure(
        _ trial: SealedTrial, _ payloads: BenchPayload, into result: inout JSONObject
    ) async throws {
        let streams = UInt64(streams)
        let expected = perStream
        let replays = try await rate { random throws(LogError) in
            let stream = random % streams
            let count = try trial.replay(SealedTrial.name(stream)) { payload, version in
                BenchPayload.check(payload, stream: stream, version: version)
            }
            return count == expected
        }
        result.add("replays_per_s", Int(replays.perSecond))
        result.add("replay_cpu_ns", replays.cpuNanoseconds)
        let unpacks = try await rate { random throws(LogError) in try trial.unpack(random) }
        result.add("unpack_cpu_ns", unpacks.cpuNanoseconds)
        let names = (0..<(1 << 16)).map { index in
            StreamID.trialName(SplitMix.mix64(UInt64(index)) % streams)
        }
        let finds = try await rate { random throws(LogError) in
            try trial.has(names[Int(random & 0xFFFF)])
        }
        result.add("find_cpu_ns", finds.cpuNanoseconds)
        let others = (0..<(1 << 16)).map { StreamID.trialName(streams + UInt64($0)) }
        let misses = try await rate { random throws(LogError) in
            _ = try trial.has(others[Int(random & 0xFFFF)])
            return true
        }
        result.add("miss_cpu_ns", misses.cpuNanoseconds)
        let positions = streams * UInt64(perStream)
        let points = try await rate { random throws(LogError) in
            try trial.byte(at: Position(random % positions)) != nil
        }
        result.add("points_per_s", Int(points.perSecond))
        result.add("point_cpu_ns", points.cpuNanoseconds)
    }

    /// Calls the body with random numbers on all threads for a while.
    private func rate(
        _ body: @escaping @Sendable (UInt64) throws(LogError) -> Bool
    ) async throws -> Rate {
        let tally = Tally()
        let duration = Int64(seconds * 1e9)
        await BenchThreads.run(threads) { thread, gate in
            var state = SplitMix.mix64(UInt64(thread) << 32)
            let started = gate.pass()
            let cpuStarted = SystemClock.threadCPUNanoseconds()
            var now = started
            var count = 0
            var isRight = true
            repeat {
                for _ in 0..<64 {
                    state &+= 1
                    do throws(LogError) {
                        isRight = try body(SplitMix.mix64(state)) && isRight
                    } catch { isRight = false }
                }
                count += 64
                now = SystemClock.monotonicNanoseconds()
            } while isRight && now - started < duration
            let cpu = SystemClock.threadCPUNanoseconds() - cpuStarted
            let rate = Rate(
                count: count, cpu: cpu, perSecond: Double(count) * 1e9 / Double(now - started),
                isRight: isRight)
            tally.add(rate)
        }
        guard tally.rate.isRight else {
            throw CommandFailure(
                .damageFound, code: "sealed_file",
                "The file does not say what was written to it.")
        }
        return tally.rate
    }

    /// What threads did.
    private struct Rate {
        var count = 0
        var cpu: Int64 = 0
        var perSecond = 0.0
        var isRight = true

        /// Of a call. It does not count who else had the core meanwhile.
        var cpuNanoseconds: Int { Int(cpu) / max(1, count) }
    }

    /// Gathers what the threads did.
    private final class Tally: @unchecked Sendable {
        private let lock = Lock()
        private(set) var rate = Rate()

        func add(_ other: Rate) {
            lock.withLock {
                rate.count += other.count
                rate.cpu += other.cpu
                rate.perSecond += other.perSecond
                rate.isRight = rate.isRight && other.isRight
            }
        }
    }
}

extension StreamID {
    fileprivate static func trialName(_ stream: UInt64) -> StreamID {
        StreamID(stringLiteral: SealedTrial.name(stream))
    }
}
