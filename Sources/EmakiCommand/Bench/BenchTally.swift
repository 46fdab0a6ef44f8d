import EmakiPlatform

/// What one appender or reader did.
struct BenchTally: Sendable {
    /// Appends, or histories read.
    var opCount = 0
    /// Events made durable, or read.
    var eventCount = 0
    var errorCount = 0
    /// In words, for people.
    var firstError: String?

    /// An appender that only fails gives up after so many.
    private static let errorsMax = 100

    mutating func succeed(events: Int) {
        opCount += 1
        eventCount += events
    }

    mutating func fail(_ reason: String) {
        errorCount += 1
        firstError = firstError ?? reason
    }

    /// So many arrivals nobody served in time.
    mutating func miss(_ count: Int) {
        guard count > 0 else { return }
        fail("\(count) arrivals were still waiting 1 s after the end")
        errorCount += count - 1
    }

    var isHopeless: Bool { errorCount >= Self.errorsMax }

    static func += (left: inout BenchTally, right: BenchTally) {
        left.opCount += right.opCount
        left.eventCount += right.eventCount
        left.errorCount += right.errorCount
        left.firstError = left.firstError ?? right.firstError
    }
}

/// The tallies of all threads of a run.
final class BenchTotals: @unchecked Sendable {
    private let lock = Lock()
    private var total = BenchTally()

    func add(_ tally: BenchTally) { lock.withLock { total += tally } }

    var tally: BenchTally { lock.withLock { total } }
}

/// Time that passed, CPU that this process used, system calls that wrote, and bytes of
/// devices, between two moments.
struct BenchMeter: Sendable {
    private(set) var wallNanoseconds: Int64
    private(set) var processorNanoseconds: Int64
    /// As Linux counts them for this process; 0 elsewhere.
    private(set) var writeCallCount: Int
    /// That came from a device, and that went there or will.
    private(set) var readBytes: Int
    private(set) var writtenBytes: Int

    static let zero = BenchMeter(
        wallNanoseconds: 0, processorNanoseconds: 0, writeCallCount: 0, readBytes: 0,
        writtenBytes: 0)

    static func now() -> BenchMeter {
        BenchMeter(
            wallNanoseconds: SystemClock.monotonicNanoseconds(),
            processorNanoseconds: SystemClock.processCPUNanoseconds(),
            writeCallCount: BenchMachine.processCount(of: .writeCalls),
            readBytes: BenchMachine.processCount(of: .readBytes),
            writtenBytes: BenchMachine.processCount(of: .writtenBytes))
    }

    static func - (left: BenchMeter, right: BenchMeter) -> BenchMeter {
        BenchMeter(
            wallNanoseconds: left.wallNanoseconds - right.wallNanoseconds,
            processorNanoseconds: left.processorNanoseconds - right.processorNanoseconds,
            writeCallCount: left.writeCallCount - right.writeCallCount,
            readBytes: left.readBytes - right.readBytes,
            writtenBytes: left.writtenBytes - right.writtenBytes)
    }

    static func += (left: inout BenchMeter, right: BenchMeter) {
        left.wallNanoseconds += right.wallNanoseconds
        left.processorNanoseconds += right.processorNanoseconds
        left.writeCallCount += right.writeCallCount
        left.readBytes += right.readBytes
        left.writtenBytes += right.writtenBytes
    }

    var wallSeconds: Double { Double(wallNanoseconds) / 1e9 }
    var processorSeconds: Double { Double(processorNanoseconds) / 1e9 }
}
