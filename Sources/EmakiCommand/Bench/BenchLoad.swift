import EmakiLog
import EmakiPlatform

/// `--op load`: one appender fills many streams with atomic batches, a round at a time: each round
/// gives every stream one event, in another order. Over when nothing that is full is unsealed.
extension BenchSession {
    func load() async throws -> BenchResult {
        var result = BenchResult(self)
        try await measureDevice()
        let watch = BenchSpaceWatch(folder)
        let before = BenchMeter.now()
        try await measure(into: &result) { _ in
            guard plan.variant != .threads else { return await loadOnThread() }
            let executor: (any TaskExecutor)? = plan.variant == .loop ? log.loop : nil
            return await Task(executorPreference: executor) { await loadOnTask() }.value
        }
        try await log.seal()
        result.wholeMeter = BenchMeter.now() - before
        result.peakDiskBytes = watch.stop()
        try await measureDevice()
        return result
    }

    private func loadOnTask() async -> BenchTally {
        var loader = BenchLoader(self)
        var samples = BenchSamples(for: latency)
        var tally = BenchTally()
        do throws(LogError) {
            while try loader.prepare() {
                let started = SystemClock.monotonicNanoseconds()
                _ = try await log.append(loader.batch)
                samples.add(SystemClock.monotonicNanoseconds() - started)
                tally.succeed(events: loader.batch.count)
            }
        } catch {
            tally.fail("\(error)")
        }
        samples.handOver()
        return tally
    }

    private func loadOnThread() async -> BenchTally {
        await SystemThread.offload(name: "bench-load") {
            var loader = BenchLoader(self)
            var samples = BenchSamples(for: latency)
            var tally = BenchTally()
            do throws(LogError) {
                while try loader.prepare() {
                    let started = SystemClock.monotonicNanoseconds()
                    _ = try log.blocking.append(loader.batch)
                    samples.add(SystemClock.monotonicNanoseconds() - started)
                    tally.succeed(events: loader.batch.count)
                }
            } catch {
                tally.fail("\(error)")
            }
            samples.handOver()
            return tally
        }
    }
}

/// Makes the batches of a load in memory that it uses again.
struct BenchLoader {
    private let plan: BenchPlan
    private let payload: BenchPayload
    private let base: UInt64
    /// Streams in the order of this round, counted from the base.
    private var order: [UInt32]
    private var randomState: UInt64
    private var round = 0
    private var next = 0
    /// The prepared batch: one event for each of many streams.
    private(set) var batch: [StreamAppend] = []

    init(_ session: BenchSession) {
        plan = session.plan
        payload = session.payload
        base = session.streams.take()
        order = (0..<UInt32(plan.streamCount)).map { $0 }
        randomState = plan.seed
        next = order.count
    }

    /// Prepares the next batch.
    /// - Returns: false when everything was loaded.
    mutating func prepare() throws(LogError) -> Bool {
        if next == order.count {
            guard round < plan.eventsPerStream else { return false }
            round += 1
            next = 0
            shuffle()
        }
        resize(to: min(plan.batchEvents, order.count - next))
        let version = UInt64(round)
        for index in batch.indices {
            let stream = base + UInt64(order[next])
            next += 1
            batch[index].stream = try BenchStreams.name(stream)
            batch[index].expecting = .version(StreamVersion(version - 1))
            payload.fill(&batch[index].events[0].payload, stream: stream, version: version)
            batch[index].events[0].id =
                plan.usesIDs ? EventID(low: stream, high: version) : nil
        }
        return true
    }

    private mutating func resize(to count: Int) {
        while batch.count < count {
            let bytes = [UInt8](repeating: 0, count: plan.payloadBytes)
            batch.append(StreamAppend(to: "unset", [Event(type: "E", payload: bytes)]))
        }
        batch.removeLast(batch.count - count)
    }

    private mutating func shuffle() {
        for place in stride(from: order.count - 1, to: 0, by: -1) {
            randomState &+= 1
            let other = Int(SplitMix.mix64(randomState) % UInt64(place + 1))
            order.swapAt(place, other)
        }
    }
}
