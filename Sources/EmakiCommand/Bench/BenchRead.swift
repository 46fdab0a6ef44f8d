import EmakiLog
import EmakiPlatform

/// `--op read`: plain threads read whole histories of random streams and check each payload's ids.
///
/// Opening a store drops what the page cache holds of sealed files. With `--warm` all histories are
/// read once before; without it only the index is asked for all streams, so that what is measured
/// is the reading of data from the device, until the page cache has it.
///
/// `--op heads`: as it, and asks for the streams' versions instead, as an append that expects one
/// does.
extension BenchSession {
    func read() async throws -> BenchResult {
        var result = BenchResult(self)
        let base = streams.take()
        try await measureDevice()
        let preparation = BenchTotals()
        await BenchThreads.run(plan.threadCount) { thread, _ in
            preparation.add(prepareReading(from: base, thread: thread))
        }
        result.tally += preparation.tally
        try await measure(into: &result) {
            let totals = BenchTotals()
            let nanoseconds = Int64(plan.seconds * 1e9)
            await BenchThreads.run(plan.threadCount, from: $0) { thread, gate in
                let stop = gate.pass() + nanoseconds
                totals.add(readHistories(from: base, thread: thread, until: stop))
            }
            return totals.tally
        }
        try await measureDevice()
        return result
    }

    /// Reads a share of the histories, or of the index.
    private func prepareReading(from base: UInt64, thread: Int) -> BenchTally {
        var tally = BenchTally()
        for stream in stride(from: thread, to: plan.streamCount, by: plan.threadCount) {
            guard !tally.isHopeless else { break }
            do throws(LogError) {
                let name = try BenchStreams.name(base + UInt64(stream))
                if plan.warmsUp {
                    try log.forEachEvent(in: name) { _ in .next }
                } else {
                    _ = try log.version(of: name)
                }
            } catch {
                tally.fail("\(error)")
            }
        }
        return tally
    }

    private func readHistories(from base: UInt64, thread: Int, until stop: Int64) -> BenchTally {
        var samples = BenchSamples(for: latency)
        var tally = BenchTally()
        // Threads read different streams: each starts its own sequence.
        var state = SplitMix.mix64(plan.seed &+ UInt64(thread) << 32)
        var now = SystemClock.monotonicNanoseconds()
        repeat {
            state &+= 1
            let stream = base + SplitMix.mix64(state) % UInt64(plan.streamCount)
            let started = now
            do throws(LogError) {
                let count = try checkedEventCount(of: stream)
                if count > 0 {
                    tally.succeed(events: count)
                } else {
                    tally.fail("stream \(stream) is empty: give --base and --streams as loaded")
                }
            } catch {
                tally.fail("\(error)")
            }
            now = SystemClock.monotonicNanoseconds()
            samples.add(now - started)
        } while now < stop && !tally.isHopeless
        samples.handOver()
        return tally
    }

    /// Reads a whole history.
    /// - Returns: its events; 0 if there are none or one is not the one that was written.
    private func checkedEventCount(of stream: UInt64) throws(LogError) -> Int {
        if plan.operation == .heads {
            return try log.version(of: BenchStreams.name(stream)) > .none ? 1 : 0
        }
        var count = 0
        var isIntact = true
        try log.forEachEvent(in: BenchStreams.name(stream)) { event in
            count += 1
            isIntact = event.withPayload { payload in
                BenchPayload.check(payload, stream: stream, version: UInt64(count))
            }
            return isIntact ? .next : .stop
        }
        return isIntact ? count : 0
    }
}
