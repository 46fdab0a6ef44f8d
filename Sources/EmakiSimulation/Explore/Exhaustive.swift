import EmakiLog

/// Every workload of a few operations, with the power cut at every call to the disk and every state
/// that the cut may leave; and the same for the openings that follow.
///
/// A workload is run once. At each call of its last operation the disk is kept as the call has
/// begun; the calls before belong to the shorter workload without that operation. For each such
/// point the states are made one by one (`FatePlan`), and each that was not there before in this
/// workload is opened and held against the reference. The opening makes calls too: they are crash
/// points of their own, down to `openingDepthMax` openings in a row.
package enum Exhaustive {
    /// One thing that a workload does.
    package enum Operation: String, Sendable, CaseIterable {
        case small, large, several, rotate, idle, close, reopen, retire, seal, merge, remove, purge
        case forget

        private static let rotation: [Step] = [
            .fill(blocksLeft: 0), .write, .append(BatchShape([.init("a", 1, payloadBytes: 10)])),
            .prepare(paused: false),
        ]

        var steps: [Step] {
            switch self {
            case .small: [.append(BatchShape([.init("a", 1, payloadBytes: 100)]))]
            case .large: [.append(BatchShape([.init("b", 1, payloadBytes: 20_000)]))]
            case .several:
                [
                    .append(
                        BatchShape([
                            .init("a", 1, payloadBytes: 100), .init("c", 2, payloadBytes: 300),
                        ]))
                ]
            case .rotate: Self.rotation
            case .idle: [.idle]
            case .close: [.close]
            case .reopen: [.reopen]
            case .retire: [.retire(keeping: 0), .prepare(paused: false)]
            case .seal: [.seal(keeping: 0), .prepare(paused: false)]
            case .merge:
                // Two files, of which one is made.
                Self.rotation + [.seal(keeping: 0)] + Self.rotation
                    + [.seal(keeping: 0), .merge, .prepare(paused: false)]
            case .purge:
                [
                    .append(BatchShape([.init("a", 1, payloadBytes: 10)])), .purge("a"),
                    .prepare(paused: false),
                ]
            case .forget:
                [
                    .append(BatchShape([.init("a", 1, payloadBytes: 10)])), .delete("a"),
                    .forget("a"), .prepare(paused: false),
                ]
            case .remove:
                [
                    .append(BatchShape([.init("a", 2, payloadBytes: 10)])),
                    .truncate("a", keeping: 1), .write, .fill(blocksLeft: 0), .write, .delete("a"),
                    .write, .prepare(paused: false),
                ]
            }
        }
    }

    package typealias Workload = [Operation]

    /// All workloads of one up to so many operations, the short ones first.
    package static func workloads(upTo depth: Int) -> [Workload] {
        var all: [Workload] = []
        var last: [Workload] = [[]]
        for _ in 0..<depth {
            last = last.flatMap { earlier in Operation.allCases.map { earlier + [$0] } }
            all += last
        }
        // A retirement, which there is in tests alone, forgets events that sealed files would miss,
        // and removals with their segment.
        let removals: [Operation] = [.remove, .seal, .merge, .purge, .forget]
        return all.filter { workload in
            !workload.contains(.retire) || !workload.contains { removals.contains($0) }
        }
    }

    /// Explores the last operation of a workload.
    /// - Parameter finding: called with each broken promise; at most one for each crash point.
    package static func explore(
        _ workload: Workload, finding: (ExhaustiveFinding) -> Void
    ) throws(LogError) -> ExhaustiveCounts {
        var explorer = ExhaustiveExplorer(workload)
        try explorer.run(finding)
        return explorer.counts
    }
}

/// The exploration of one workload.
struct ExhaustiveExplorer {
    /// Openings in a row that are cut.
    static let openingDepthMax = 2

    private(set) var counts = ExhaustiveCounts()
    private let earlier: Script
    private let script: Script
    /// States that were opened.
    private var seen: Set<UInt64> = []
    /// A point in an opening, how it came to it, and how many openings were cut before.
    private typealias Place = (point: CrashPoint, steps: [Step], depth: Int)
    private var places: [Place] = []

    init(_ workload: Exhaustive.Workload) {
        var store = StoreShape()
        // A small frame is one sector then, so that states count that differ in what they mean.
        store.blockBytes = 512
        earlier = Script(store: store, steps: workload.dropLast().flatMap(\.steps))
        script = Script(store: store, steps: workload.flatMap(\.steps))
    }

    mutating func run(_ finding: (ExhaustiveFinding) -> Void) throws(LogError) {
        counts.workloads = 1
        do throws(Violation) {
            for point in try crashPoints() { places.append((point, earlier.steps, 0)) }
        } catch {
            return finding(ExhaustiveFinding(violation: error, script: script, place: "no crash"))
        }
        var next = 0
        while next < places.count {
            if let found = explore(places[next]) { finding(found) }
            next += 1
        }
    }

    /// Runs the workload to its end.
    private func crashPoints() throws(Violation) -> [CrashPoint] {
        var points: [CrashPoint] = []
        let driver: Driver
        do throws(LogError) {
            driver = try Driver(script)
        } catch {
            throw Violation(.acknowledgedSurvives, "no store can be made: \(error)")
        }
        defer { driver.core?.closeFiles() }
        while driver.cursor < earlier.steps.count { try driver.runNext() }
        let start = driver.disk.callCount
        driver.disk.setWitness { call, path, number, state in
            points.append(driver.crashPoint(call, path, callNumber: number - start, state))
        }
        defer { driver.disk.setWitness(nil) }
        try driver.runSteps()
        return points
    }

    // MARK: One crash point

    private mutating func explore(_ place: Place) -> ExhaustiveFinding? {
        let point = place.point
        counts.crashPoints += 1
        if place.depth > 0 { counts.crashPointsWhileOpening += 1 }
        let plan = FatePlan(point.state.uncertain)
        if plan.isComplete {
            counts.states += plan.stateCount
        } else {
            counts.sampled += plan.stateCount
            counts.sampledPoints += 1
        }
        for number in 0..<plan.stateCount {
            let fates = plan.fates(ofState: number)
            var state = point.state
            state.losePower { fates[$0.id] ?? .drop }
            guard seen.insert(key(state, point)).inserted else { continue }
            counts.opened += 1
            if let violation = open(state, place, number) {
                return found(violation, place, number, plan)
            }
        }
        return nil
    }

    /// What a state is and what is expected of it.
    private func key(_ state: DiskState, _ point: CrashPoint) -> UInt64 {
        var hash = RunHash()
        hash.add(state.durableHash)
        hash.add(point.reference.first)
        hash.add(point.reference.acknowledgedEnd)
        hash.add(point.reference.begunEnd ?? .max)
        for anchor in point.reference.uncertainAnchors { hash.add(anchor) }
        let end = point.end
        for flag in [end.isMarked, end.isClosed, end.mayBeMarked, end.mayBeTorn] {
            hash.add(flag ? 1 : 0)
        }
        return hash.value
    }

    private mutating func open(
        _ state: DiskState, _ place: Place, _ number: Int
    ) -> Violation? {
        let driver = Driver(script, after: place.point, SimulatedFileSystem(state))
        defer { driver.core?.closeFiles() }
        var inner: [CrashPoint] = []
        if place.depth < Self.openingDepthMax {
            driver.disk.setWitness { call, path, number, state in
                inner.append(driver.crashPoint(call, path, callNumber: number, state))
            }
        }
        defer { driver.disk.setWitness(nil) }
        do throws(Violation) {
            _ = try driver.isOpen()
        } catch {
            return error
        }
        let steps = place.steps + crash(place, number)
        // Without anything uncertain a cut leaves the state that was opened.
        for point in inner where !point.state.uncertain.isEmpty {
            places.append((point, steps, place.depth + 1))
        }
        return nil
    }

    // MARK: What was found

    /// The steps that lead to a state.
    private func crash(_ place: Place, _ number: Int) -> [Step] {
        let fate = FateRule(.state, seed: UInt64(number))
        let cut = Step.crash(at: place.point.callNumber, fate)
        let rest =
            place.depth == 0
            ? Array(script.steps[earlier.steps.count..<place.point.stepCount]) : [.read]
        return [cut] + rest
    }

    private func found(
        _ violation: Violation, _ place: Place, _ number: Int, _ plan: FatePlan
    ) -> ExhaustiveFinding {
        let fates = plan.fates(ofState: number)
        let kept = place.point.state.uncertain.map { uncertain in
            "\(uncertain.effect.path) \(uncertain.effect.kind):"
                + " \(fates[uncertain.effect.id] ?? .drop)"
        }
        return ExhaustiveFinding(
            violation: violation,
            script: Script(
                store: script.store, steps: place.steps + crash(place, number) + [.read]),
            place: "with \(place.point.call); " + kept.joined(separator: ", "))
    }
}
