import EmakiLog

/// The summary for people: every figure beside F, the price of one durable write in the same run.
struct BenchSummary {
    private let result: BenchResult
    private let command: String
    /// Before the run, which itself adds to it.
    private let loadBefore: Double
    private var lines: [String] = []

    /// From this load on per processor, figures say more about the neighbours than about the log.
    private static let quietLoadPerProcessor = 0.5

    init(_ result: BenchResult, command: String, loadBefore: Double) {
        self.result = result
        self.command = command
        self.loadBefore = loadBefore
    }

    var text: String {
        var summary = self
        summary.addHeading()
        summary.addWork()
        summary.addLatency()
        summary.addCosts()
        summary.addSpace()
        summary.addRecovery()
        summary.addWarnings()
        return summary.lines.joined(separator: "\n")
    }

    private mutating func add(_ name: String, _ value: String) {
        let padding = String(repeating: " ", count: max(1, 14 - name.count))
        lines.append(name + padding + value)
    }

    /// Reads come from memory; the disk's speed says nothing about them.
    private var isWriting: Bool { ![.read, .heads].contains(result.plan.operation) }

    private mutating func addHeading() {
        add("command", command)
        add("machine", BenchMachine.description())
        add("load", "\(loadBefore.fixed(2)) before the run")
        if let store = result.store {
            add(
                "store",
                "\(store.blockBytes) B blocks, \(store.segmentBytes >> 20) MiB segments,"
                    + " sync by \(store.syncMethod)")
        }
        if let delay = result.plan.syncDelay {
            add(
                "SLOW DISK",
                "\(delay.microseconds.fixed(0)) us were added to each durable write and sync of"
                    + " the log; F is without them")
        }
        if let device = result.deviceLatency {
            add(
                "F",
                "\(device.p50.fixed(1)) us, p99 \(device.p99.fixed(1)) us"
                    + " (\(device.sampleCount) raw 4 KiB durable writes in this run)")
        }
    }

    private mutating func addWork() {
        let tally = result.tally
        guard result.meter.wallSeconds > 0 else { return }
        let plan = result.plan
        let unit =
            switch plan.operation {
            case .read: "histories"
            case .heads: "versions"
            case .compact: "runs"
            case .workflow: "of \(plan.variant.rawValue)"
            case .raw where plan.appenderCount == 1: "writes"
            default: plan.batchEvents > 1 ? "batches" : "appends"
            }
        add(
            "work",
            "\(tally.opCount) \(unit), \(tally.eventCount) events,"
                + " \(tally.errorCount) errors in \(result.meter.wallSeconds.fixed(2)) s")
        if plan.operation == .workflow, let rate = result.opsPerSecond {
            return add("rate", "\(rate.fixed(0)) /s, \(plan.appenderCount) in flight")
        }
        if let rate = result.eventsPerSecond, let megabytes = result.megabytesPerSecond {
            var text = "\(rate.fixed(0)) events/s"
            if isWriting, let device = result.deviceLatency {
                text += " = \((rate * device.p50 / 1e6).fixed(2)) / F"
            }
            add("rate", text + ", \(megabytes.fixed(1)) MB/s of payload")
        }
        if plan.operation == .read, let rate = result.opsPerSecond {
            add("histories", "\(rate.fixed(0)) /s")
        }
    }

    private mutating func addLatency() {
        guard let latency = result.latency else { return }
        func show(_ name: String, _ value: Double) {
            var text = "\(value.fixed(1)) us"
            if isWriting, let device = result.deviceLatency {
                text += " = \((value / device.p50).fixed(2)) F"
            }
            add(name, text)
        }
        show("mean", latency.mean)
        show("p50", latency.p50)
        show("p90", latency.p90)
        show("p99", latency.p99)
        show("p99.9", latency.p999)
        show("max", latency.max)
        if let work = result.plan.beside, let alone = result.aloneLatency {
            func times(_ with: Double, _ without: Double) -> String {
                "\((with / without).fixed(2)) times \(without.fixed(1)) us"
            }
            add("beside", "\(work.rawValue), \(result.besideRounds) times or more; without it:")
            add("", "p50 \(times(latency.p50, alone.p50)), p99 \(times(latency.p99, alone.p99)),")
            add("", "p99.9 \(times(latency.p999, alone.p999))")
        }
        if isWriting, let device = result.deviceLatency, result.plan.appenderCount == 1 {
            add("p99 / raw p99", (latency.p99 / device.p99).fixed(2))
        }
    }

    private mutating func addCosts() {
        let operations = Double(max(1, result.tally.opCount))
        let events = Double(max(1, result.tally.eventCount))
        guard result.meter.wallNanoseconds > 0 else { return }
        let process = Double(result.meter.processorNanoseconds) / 1000 / operations
        let loop = Double(result.loopNanoseconds) / 1000 / operations
        let share =
            loop > 0 ? ", of it \(loop.fixed(3)) us on the commit loop's thread" : ""
        add("CPU", "\(process.fixed(3)) us an operation\(share)")
        if let own = result.ownNanosecondsPerOperation, loop > 0 {
            add(
                "CPU, own",
                "\((own / 1000).fixed(3)) us an operation are the benchmark's; the log's thread"
                    + " without them \((loop - own / 1000).fixed(3)) us")
        }
        if result.groupCount > 0 {
            add(
                "groups",
                "\(result.groupCount) of \((events / Double(result.groupCount)).fixed(2)) events;"
                    + " \(result.meter.writeCallCount) system calls that wrote,"
                    + " preparing segments included")
        }
        if let statistics = result.statistics, isWriting {
            func micro(_ nanoseconds: Int64) -> String { (Double(nanoseconds) / 1000).fixed(1) }
            add(
                "commit",
                "gather \(micro(statistics.gatherNanosecondsMean)), write"
                    + " \(micro(statistics.writeNanosecondsMean)), wake"
                    + " \(micro(statistics.wakeNanosecondsMean)) us in the mean, warm-up included")
            add(
                "at most",
                "gather \(micro(statistics.gatherNanosecondsMax)), write"
                    + " \(micro(statistics.writeNanosecondsMax)), wake"
                    + " \(micro(statistics.wakeNanosecondsMax)), jobs of the loop"
                    + " \(micro(statistics.loopStretchNanosecondsMax)) us")
        }
        let memory = BenchMachine.memory()
        add(
            "memory",
            "\(memory.own >> 20) MiB of its own, \(memory.mapped >> 20) MiB of mapped files,"
                + " at the peak \(memory.peak >> 20) MiB")
        if let statistics = result.statistics {
            add(
                "in memory",
                "\(statistics.eventsInMemory) events:"
                    + " index \(statistics.indexBytes >> 20) MiB,"
                    + " images \(statistics.imageBytes >> 20) MiB;"
                    + " \(statistics.rotations) rotations")
        }
    }

    private mutating func addSpace() {
        if let bytes = result.readBytesPerOperation {
            add("from device", "\(bytes.fixed(0)) bytes a history")
        }
        if let whole = result.wholeMeter {
            let events = Double(result.tally.eventCount)
            add(
                "sealed",
                "after \(whole.wallSeconds.fixed(2)) s:"
                    + " \((events / whole.wallSeconds).fixed(0)) events/s,"
                    + " \((whole.processorSeconds * 1e6 / events).fixed(2)) us of CPU an event")
        }
        if let amplification = result.writeAmplification {
            add("written", "\(amplification.fixed(2)) bytes for a byte of payload")
        }
        guard let space = result.space else { return }
        var text = "\(space.diskBytes >> 20) MiB on disk"
        if let peak = result.peakDiskBytes { text += ", at most \(peak >> 20) MiB" }
        if let bytes = space.bytesPerEvent {
            text += "; \(space.sealedEventCount) sealed events of \(bytes.fixed(2)) bytes"
        }
        add("space", text)
    }

    private mutating func addRecovery() {
        guard let recovery = result.recovery else { return }
        add("main", "\(recovery.mainMilliseconds.fixed(2)) ms after t0")
        add("open", "\(recovery.openMilliseconds.fixed(2)) ms after t0")
        add("append", "\(recovery.appendMilliseconds.fixed(2)) ms after t0, durable")
        if let read = recovery.readMilliseconds {
            add("read", "\(read.fixed(2)) ms after t0")
        }
        lines.append(recovery.receipt)
    }

    private mutating func addWarnings() {
        if let error = result.tally.firstError { add("FIRST ERROR", error) }
        for warning in result.store?.warnings ?? [] { add("WARNING", warning) }
        let quietLoad = Double(BenchMachine.processorCount()) * Self.quietLoadPerProcessor
        if loadBefore > quietLoad {
            add("WARNING", "the machine was busy before the run: figures are not comparable")
        }
    }
}
