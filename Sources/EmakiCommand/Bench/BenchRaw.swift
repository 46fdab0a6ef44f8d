import EmakiLog
import EmakiPlatform

/// `--op raw`: what the device itself can do, without a log.
///
/// With one appender, 4 KiB durable writes one after the other; with more, plain threads that share
/// writes in the simplest group commit: no versions, no index, no checksums, nothing that could be
/// read back. With a rate, they serve arrivals as plain threads do that append to a log.
struct BenchRaw: Sendable {
    let plan: BenchPlan
    let folder: String

    func run() async throws -> BenchResult {
        let files = PosixFileSystem(root: folder)
        if try files.kind(of: "") == nil { try files.makeFolder("") }
        let plan = plan
        let device = try await SystemThread.offload(name: "bench-device") { () throws(DiskError) in
            try BenchDevice(folder: folder)
        }
        var result = BenchResult(plan: plan, method: device.method)
        let latency = BenchLatency()
        let payload = BenchPayload(payloadBytes: plan.payloadBytes)
        let start = BenchStart()
        let isAlone = plan.appenderCount == 1 && !plan.isOpenLoop
        if isAlone {
            result.tally = try await writeAlone(device, latency)
        } else if plan.isOpenLoop {
            result.tally = await writeArrivals(device, payload, latency, from: start)
        } else {
            result.tally = await writeTogether(device, payload, latency, from: start)
        }
        result.meter = start.spent
        result.latency = latency.summary
        if !isAlone {
            try await SystemThread.offload(name: "bench-device") { () throws(DiskError) in
                try device.sample(count: 1000)
            }
        }
        result.deviceLatency = device.latency
        return result
    }

    private var nanoseconds: Int64 { Int64(plan.seconds * 1e9) }

    private func writeAlone(
        _ device: BenchDevice, _ latency: BenchLatency
    ) async throws -> BenchTally {
        let stop = SystemClock.monotonicNanoseconds() + nanoseconds
        return try await SystemThread.offload(name: "bench-raw") { () throws(DiskError) in
            var samples = BenchSamples(for: latency)
            var tally = BenchTally()
            // The first write is always made, so that a tiny run is not empty.
            repeat {
                try device.sample()
                samples.add(device.lastSample)
                tally.succeed(events: 1)
            } while SystemClock.monotonicNanoseconds() < stop
            samples.handOver()
            return tally
        }
    }

    private func writeTogether(
        _ device: BenchDevice, _ payload: BenchPayload, _ latency: BenchLatency,
        from start: BenchStart
    ) async -> BenchTally {
        let totals = BenchTotals()
        let group = BenchRawGroup(device: device)
        await BenchThreads.run(plan.appenderCount, from: start) { index, gate in
            var writer = BenchRawWriter(group, plan, payload, latency, index)
            let stop = gate.pass() + nanoseconds
            var started = SystemClock.monotonicNanoseconds()
            repeat {
                started = writer.write(since: started)
            } while started < stop && !writer.tally.isHopeless
            totals.add(writer.finish())
        }
        return totals.tally
    }

    private func writeArrivals(
        _ device: BenchDevice, _ payload: BenchPayload, _ latency: BenchLatency,
        from start: BenchStart
    ) async -> BenchTally {
        let totals = BenchTotals()
        let group = BenchRawGroup(device: device)
        let now = SystemClock.monotonicNanoseconds()
        let schedule = BenchSchedule(
            rate: plan.rate, seed: plan.seed &+ UInt64(now), nanoseconds: nanoseconds)
        await BenchThreads.run(plan.appenderCount, from: start) { index, gate in
            BenchTimer.sharpen()
            let timer = BenchTimer()
            var writer = BenchRawWriter(group, plan, payload, latency, index)
            let limit = schedule.begin(at: gate.pass())
            var now: Int64 = 0
            while now < limit, let due = schedule.claim() {
                timer.sleep(until: due)
                now = writer.write(since: due)
            }
            totals.add(writer.finish())
        }
        var tally = totals.tally
        schedule.begin(at: now)
        tally.miss(schedule.drain())
        return tally
    }
}

/// One of the threads that share writes.
private struct BenchRawWriter {
    private let group: BenchRawGroup
    private let payload: BenchPayload
    private let batchEvents: Int
    private let index: Int
    private var samples: BenchSamples
    private var record: [UInt8]
    private(set) var tally = BenchTally()

    init(
        _ group: BenchRawGroup, _ plan: BenchPlan, _ payload: BenchPayload,
        _ latency: BenchLatency, _ index: Int
    ) {
        self.group = group
        self.payload = payload
        self.index = index
        batchEvents = plan.batchEvents
        samples = BenchSamples(for: latency)
        record = [UInt8](repeating: 0, count: payload.payloadBytes)
    }

    /// - Parameter started: from when latency counts.
    /// - Returns: when it was durable.
    mutating func write(since started: Int64) -> Int64 {
        payload.fill(&record, stream: UInt64(index), version: UInt64(tally.opCount))
        do throws(DiskError) {
            try group.append(record, count: batchEvents)
            tally.succeed(events: batchEvents)
        } catch {
            tally.fail("\(error)")
        }
        let now = SystemClock.monotonicNanoseconds()
        samples.add(now - started)
        return now
    }

    mutating func finish() -> BenchTally {
        samples.handOver()
        return tally
    }
}

/// The simplest group commit: threads copy their records into a shared buffer; one of them writes
/// it while the others fill the next one.
final class BenchRawGroup: @unchecked Sendable {
    private let device: BenchDevice
    private let lock = Lock()
    /// By the parity of the group: threads that wait for it.
    private let words = [WaitWord(), WaitWord()]
    // Guarded by `lock`.
    private var buffers: [PageMemory] = []
    private var usedBytes = 0
    private var gathering = 0
    private var writtenCount = 0
    private var isWriting = false

    /// What a log needs beside the payload, at the least.
    private static let headerBytes = 32
    private static let bufferBytes = 4 << 20

    init(device: BenchDevice) { self.device = device }

    /// Returns when the records are durable.
    func append(_ record: [UInt8], count: Int) throws(DiskError) {
        lock.lock()
        do throws(DiskError) { try copy(record, count: count) } catch {
            lock.unlock()
            throw error
        }
        let group = gathering
        while writtenCount <= group {
            if !isWriting {
                try lead()
                continue
            }
            let word = words[group & 1]
            let seen = word.value
            lock.unlock()
            word.wait(while: seen)
            lock.lock()
        }
        lock.unlock()
    }

    private func copy(_ record: [UInt8], count: Int) throws(DiskError) {
        while buffers.count < 2 { buffers.append(try PageMemory(byteCount: Self.bufferBytes)) }
        let buffer = buffers[gathering & 1]
        record.withRawSpan { bytes in
            for _ in 0..<count where usedBytes + bytes.byteCount <= Self.bufferBytes {
                buffer.copy(bytes, at: usedBytes)
                usedBytes += bytes.byteCount + Self.headerBytes
            }
        }
    }

    /// Writes what was gathered. Called with the lock, and returns with it.
    private func lead() throws(DiskError) {
        let group = gathering
        let blockCount = (usedBytes + BenchDevice.blockBytes - 1) / BenchDevice.blockBytes
        let byteCount = min(Self.bufferBytes, blockCount * BenchDevice.blockBytes)
        isWriting = true
        gathering += 1
        usedBytes = 0
        let buffer = buffers[group & 1]
        lock.unlock()
        var failure: DiskError?
        do throws(DiskError) { try device.write(buffer, byteCount: byteCount) } catch {
            failure = error
        }
        lock.lock()
        isWriting = false
        writtenCount = group + 1
        // Those of this group return; one of the next leads it.
        words[group & 1].bump()
        words[group & 1].wakeAll()
        words[(group + 1) & 1].bump()
        words[(group + 1) & 1].wakeOne()
        guard let failure else { return }
        lock.unlock()
        throw failure
    }
}
