/// Makes a failing script small: takes steps out and makes the rest simpler, as long as the run
/// still breaks the same promise.
package struct Shrinker {
    /// Runs a script; nil if every promise was kept.
    package typealias Trial = (Script) -> Violation?

    /// The smallest script so far, and what it breaks.
    package private(set) var script: Script
    package private(set) var violation: Violation
    /// Scripts that were run.
    package private(set) var runCount = 0
    private let runCountMax: Int
    private let trial: Trial

    /// - Parameter runCountMax: shrinking ends after so many runs, however far it got.
    package init(
        _ script: Script, _ violation: Violation, runCountMax: Int = 3_000, trial: @escaping Trial
    ) {
        self.script = script
        self.violation = violation
        self.runCountMax = runCountMax
        self.trial = trial
    }

    package mutating func run() {
        var before: Script
        repeat {
            before = script
            removeSteps()
            simplifySteps()
            simplifyStore()
        } while script != before && runCount < runCountMax
    }

    /// - Returns: true if the script still breaks the same promise; then it takes the old one's
    ///   place.
    private mutating func accepts(_ candidate: Script) -> Bool {
        guard runCount < runCountMax, candidate != script else { return false }
        runCount += 1
        guard let found = trial(candidate), found.promise == violation.promise else { return false }
        script = candidate
        violation = found
        return true
    }

    /// Takes out ever smaller runs of steps, from the end: what comes after the failure goes first.
    private mutating func removeSteps() {
        var size = script.steps.count
        while size > 0, runCount < runCountMax {
            var end = script.steps.count
            while end > 0 {
                let start = max(0, end - size)
                var candidate = script
                candidate.steps.removeSubrange(start..<end)
                _ = accepts(candidate)
                end = start
            }
            size = size == 1 ? 0 : (size + 1) / 2
        }
    }

    private mutating func simplifySteps() {
        for index in script.steps.indices {
            var goesOn = true
            while goesOn, runCount < runCountMax {
                goesOn = false
                for step in script.steps[index].simpler {
                    var candidate = script
                    candidate.steps[index] = step
                    if accepts(candidate) {
                        goesOn = true
                        break
                    }
                }
            }
        }
    }

    private mutating func simplifyStore() {
        let plain = StoreShape()
        for change: (inout StoreShape) -> Void in [
            { $0.blockBytes = plain.blockBytes }, { $0.method = plain.method },
            { $0.readyCount = plain.readyCount }, { $0.readyCount = 1 },
            { $0.reserveBytes = 0 }, { $0.seed = plain.seed },
        ] {
            var candidate = script
            change(&candidate.store)
            _ = accepts(candidate)
        }
    }
}

extension Step {
    /// Steps that do less, the least first.
    var simpler: [Step] {
        switch self {
        case .append(let batch): [.stage(batch)] + batch.simpler.map { .append($0) }
        case .stage(let batch): batch.simpler.map { .stage($0) }
        case .retry(let back, let changed):
            (changed ? [.retry(back: back, changed: false)] : [])
                + Self.smaller(back, above: 1).map { .retry(back: $0, changed: changed) }
        case .fill(let blocks): Self.smaller(blocks, above: 0).map { .fill(blocksLeft: $0) }
        case .prepare(let paused): paused ? [.prepare(paused: false)] : []
        case .advance(let calls): Self.smaller(calls, above: 1).map { .advance(calls: $0) }
        case .merge, .truncate, .expire, .removeExpired, .forget, .delete: []
        case .purge(let stream): [.delete(stream)]
        case .snapshot(let stream, let bytes):
            Self.smaller(bytes, above: 0).map { .snapshot(stream, payloadBytes: $0) }
        case .seal(let keeping): Self.smaller(keeping, above: 0).map { .seal(keeping: $0) }
        case .retire(let keeping): Self.smaller(keeping, above: 0).map { .retire(keeping: $0) }
        case .idle: [.beginMark]
        case .crash(let call, let fate):
            [.kill(at: call)] + Self.smaller(call, above: 0).map { .crash(at: $0, fate) }
                + fate.simpler.map { .crash(at: call, $0) }
        case .kill(let call): Self.smaller(call, above: 0).map { .kill(at: $0) }
        case .fault(let fault): fault.simpler.map { .fault($0) }
        case .follow(let follower): follower > 0 ? [.follow(0)] : []
        case .read, .begin, .beginMark, .perform, .finish, .write, .close, .reopen: []
        }
    }

    /// Smaller numbers, the smallest first.
    fileprivate static func smaller(_ number: Int, above least: Int) -> [Int] {
        var numbers: [Int] = []
        for candidate in [least, number / 2, number - 1]
        where candidate >= least && candidate < number && candidate != numbers.last {
            numbers.append(candidate)
        }
        return numbers
    }
}

extension FaultShape {
    fileprivate var simpler: [FaultShape] {
        guard let moment else { return [] }
        return switch moment {
        case .call(let number):
            Step.smaller(number, above: 1).map { FaultShape(kind, .call($0)) }
        case .rate(let rate):
            Step.smaller(rate, above: 1).map { FaultShape(kind, .rate(perThousand: $0)) }
                + [FaultShape(kind, .call(1))]
        }
    }
}

extension FateRule {
    fileprivate var simpler: [FateRule] {
        let styles: [FateRule] = [.init(.keep), .init(.drop)]
        let seeds = (0..<UInt64(4)).map { FateRule(style, seed: $0) }
        return switch style {
        case .keep: []
        case .drop: [.init(.keep)]
        case .mix, .torn, .zeros, .state: styles + (seed < 4 ? [] : seeds)
        }
    }
}

extension BatchShape {
    fileprivate var simpler: [BatchShape] {
        var shapes: [BatchShape] = []
        if sections.count > 1 {
            for index in sections.indices {
                var shape = self
                shape.sections.remove(at: index)
                shapes.append(shape)
            }
        }
        for index in sections.indices {
            for section in sections[index].simpler {
                var shape = self
                shape.sections[index] = section
                shapes.append(shape)
            }
        }
        if !hasIDs { shapes.append(BatchShape(sections)) }
        return shapes
    }
}

extension BatchShape.Section {
    fileprivate var simpler: [BatchShape.Section] {
        func with(_ change: (inout BatchShape.Section) -> Void) -> BatchShape.Section {
            var section = self
            change(&section)
            return section
        }
        return Step.smaller(eventCount, above: 1).map { count in with { $0.eventCount = count } }
            + Step.smaller(payloadBytes, above: 0).map { size in with { $0.payloadBytes = size } }
            + (expecting == .exact ? [] : [with { $0.expecting = .exact }])
    }
}
