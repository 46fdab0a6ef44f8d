import Foundation

/// Runs one operation on a peer and makes the contract's line of it.
package struct EngineProgram: Sendable {
    let plan: EnginePlan
    let peer: any Peer
    let payload: Payload
    let streams: StreamSource
    /// When the program's own code began.
    let started: Int64

    /// Closed loops run so long before they are measured.
    package static let warmUpSeconds = 0.3
    /// What waits so long after the end of an open loop counts as an error.
    static let overtimeNanoseconds: Int64 = 1_000_000_000

    package init(plan: EnginePlan, peer: any Peer, started: Int64) {
        self.plan = plan
        self.peer = peer
        self.started = started
        payload = Payload(byteCount: plan.payload)
        streams = StreamSource(base: plan.base)
    }

    package func run() throws -> ResultLine {
        var line = plan.line
        line.note = peer.note
        line.version = peer.version
        let measured: Measured
        switch plan.operation {
        case .recover: return try recover(line)
        case .append where plan.rate > 0: measured = try openLoop()
        case .append:
            _ = try closedLoop(seconds: Self.warmUpSeconds, quota: nil)
            measured = try closedLoop(seconds: plan.seconds, quota: nil)
        case .tail:
            measured = try closedLoop(seconds: plan.seconds, quota: Quota(plan.events))
        case .load: measured = load()
        case .read:
            try warmUpReads()
            measured = reads()
        case .compact:
            let start = StartGate.now()
            try peer.compact()
            measured = Measured(Tally(), since: start)
        }
        line.wallS = measured.wallSeconds
        line.clientCpuS = measured.cpuSeconds
        line.serverCpuS = measured.serverSeconds
        line.take(measured.tally)
        return line
    }

    private func recover(_ line: ResultLine) throws -> ResultLine {
        var line = line
        let t0 = plan.t0 ?? started
        func ms(_ instant: Int64) -> Double { Double(instant - t0) / 1e6 }
        line.execMs = ms(started)
        line.openMs = ms(Clock.nanoseconds())
        let firsts = FirstUses()
        let tally = Threads.run(2) { [self] index, tally in
            let session = try peer.session()
            if index == 0 {
                var feed = Feed(payload, streams, batchCount: 1)
                feed.prepare()
                try session.append(feed.batch)
                firsts.setAppend(Clock.nanoseconds())
            } else {
                var count = 0
                try session.read(1) { _, _ in count += 1 }
                guard count > 0 else { throw PeerFailure("stream 1 is gone") }
                firsts.setRead(Clock.nanoseconds())
            }
            tally.succeed(events: 1)
        }
        line.take(tally)
        line.latUs = nil
        line.latPoints = nil
        line.firstAppendMs = firsts.values.0.map(ms)
        line.firstReadMs = firsts.values.1.map(ms)
        return line
    }
}

/// When the two threads of a recovery were done.
private final class FirstUses: @unchecked Sendable {
    private let lock = NSLock()
    private var append: Int64?
    private var read: Int64?

    func setAppend(_ instant: Int64) { lock.withLock { append = instant } }
    func setRead(_ instant: Int64) { lock.withLock { read = instant } }
    var values: (Int64?, Int64?) { lock.withLock { (append, read) } }
}

extension ResultLine {
    mutating func take(_ tally: Tally) {
        (ops, events, errors) = (tally.ops, tally.events, tally.errors)
        setRates()
        latUs = tally.latency.summary
        latPoints = tally.latency.points
        if let error = tally.firstError { note = "first error: \(error)" }
    }
}
