/// Loads in rounds, each of which gives every stream one event in another order, and reads whole
/// histories of random streams.
extension EngineProgram {
    func load() -> Measured {
        let base = streams.take()
        let start = StartGate.now()
        let tally = Threads.run(1) { [self] _, tally in
            let session = try peer.session()
            var order = (0..<UInt64(plan.streams)).map { $0 }
            var random = plan.seed
            for round in 1...UInt64(plan.perStream) {
                Self.shuffle(&order, &random)
                for start in stride(from: 0, to: order.count, by: plan.batch) {
                    let count = min(plan.batch, order.count - start)
                    var batch = EventBatch(count: count, payloadBytes: plan.payload)
                    for index in 0..<count {
                        let slot = EventBatch.Slot(
                            stream: base + order[start + index], version: round)
                        batch.set(index, slot, from: payload)
                    }
                    let started = Clock.nanoseconds()
                    try session.append(batch)
                    tally.latency.record(Clock.nanoseconds() - started)
                    tally.succeed(events: count)
                }
            }
        }
        return Measured(tally, since: start)
    }

    private static func shuffle(_ order: inout [UInt64], _ random: inout UInt64) {
        for place in stride(from: order.count - 1, to: 0, by: -1) {
            random &+= 1
            order.swapAt(place, Int(mix64(random) % UInt64(place + 1)))
        }
    }

    /// All histories once, so that what is measured comes from memory; those that are to come from
    /// the device are not read before.
    func warmUpReads() throws {
        guard plan.warmsUp else { return }
        let session = try peer.session()
        for stream in 0..<UInt64(plan.streams) {
            try session.read(plan.base + stream) { _, _ in }
        }
    }

    func reads() -> Measured {
        let gate = StartGate(plan.threads)
        let tally = Threads.run(plan.threads) { [self] thread, tally in
            defer { gate.pass() }
            let session = try peer.session()
            let end = gate.pass().instant + Int64(plan.seconds * 1e9)
            var state = mix64(plan.seed &+ UInt64(thread) << 32)
            var now = Clock.nanoseconds()
            repeat {
                state &+= 1
                let stream = plan.base + mix64(state) % UInt64(plan.streams)
                let started = now
                let count = try intactCount(of: stream, through: session)
                if count == plan.perStream {
                    tally.succeed(events: count)
                } else {
                    tally.fail("stream \(stream) has \(count) intact events")
                }
                now = Clock.nanoseconds()
                tally.latency.record(now - started)
            } while now < end && !tally.isHopeless
        }
        return Measured(tally, since: gate.start)
    }

    private func intactCount(of stream: UInt64, through session: any PeerSession) throws -> Int {
        var count = 0
        try session.read(stream) { version, bytes in
            let isNext = version == UInt64(count) + 1
            if isNext && Payload.isOf(bytes, stream: stream, version: version) { count += 1 }
        }
        return count
    }
}
