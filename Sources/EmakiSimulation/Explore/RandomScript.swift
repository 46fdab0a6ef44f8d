import EmakiPlatform

/// Scripts from seeds: long workloads on tiny segments, so that the log rotates, retires and
/// recycles all the time, with stops of every kind in between.
package enum RandomScript {
    /// The script of a seed.
    /// - Parameter faultsPerThousand: so many calls to the disk fail in scripts with faults, which
    ///   are about a half of all; 0: none do.
    package static func make(
        seed: UInt64, stepCount: Int = 240, faultsPerThousand: Int = 0
    ) -> Script {
        var maker = Maker(seed: seed)
        return maker.script(stepCount: stepCount, faultsPerThousand: faultsPerThousand)
    }

    /// What a script does how often, beside what all do.
    private struct Habits {
        var streamCount: Int
        var sizes: [Int]
        /// Calls between the arming of a stop and the stop, at most.
        var stopCalls: Int
        var stopWeight: Int
        var faultsPerThousand: Int
        /// What is written may be damaged without a word.
        var isDamaging = false
        /// The disk is full from time to time.
        var isFilling = false
        /// Full segments are sealed. If not, they are forgotten, so that what an earlier life of a
        /// segment left would show.
        var seals = true

        func givesBack(_ keptCount: Int) -> Step {
            guard seals else { return .retire(keeping: keptCount) }
            return keptCount == 2 ? .merge : .seal(keeping: keptCount)
        }
    }

    private struct Maker {
        private var random: SeededRandom
        private let seed: UInt64
        private var habits: Habits
        private var table: [Choice] = []

        private typealias Choice = (weight: Int, make: (inout Maker) -> Step)

        init(seed: UInt64) {
            self.seed = seed
            random = SeededRandom(seed: seed)
            let sizes = random.pick([
                [0, 10, 100], [10, 300, 3900], [100, 4000, 9000, 20_000], [3000, 30_000, 50_000],
            ])
            habits = Habits(
                streamCount: random.pick([1, 3, 8, 40]), sizes: sizes,
                stopCalls: random.pick([4, 12, 40]), stopWeight: random.pick([6, 14, 30]),
                faultsPerThousand: 0)
            habits.seals = seed % 2 == 1
        }

        mutating func script(stepCount: Int, faultsPerThousand: Int) -> Script {
            var store = StoreShape()
            store.seed = seed
            store.blockBytes = random.pick([512, 4096, 4096, 8192])
            store.method = store.blockBytes < 4096 ? .direct : random.pick([.direct, .dataSync])
            store.readyCount = random.pick([1, 2, 2, 3])
            if faultsPerThousand > 0 {
                switch random.below(8) {
                case 0: habits.isDamaging = true
                case 1:
                    habits.isFilling = true
                    store.reserveBytes = random.pick([0, 1, 3]) * store.segmentBytes
                case 2...5: habits.faultsPerThousand = 1 + random.below(faultsPerThousand)
                default: break
                }
            }
            table = choices
            var script = Script(store: store)
            if habits.faultsPerThousand > 0 {
                script.steps.append(
                    .fault(FaultShape(.failures, .rate(perThousand: habits.faultsPerThousand))))
            }
            while script.steps.count < stepCount { script.steps.append(step()) }
            return script
        }

        private mutating func step() -> Step {
            let sum = table.reduce(0) { $0 + $1.weight }
            var left = random.below(sum)
            for choice in table {
                left -= choice.weight
                if left < 0 { return choice.make(&self) }
            }
            preconditionFailure("the weights add up to their sum")
        }

        private var choices: [Choice] {
            clientChoices + writeChoices + stopChoices
                + (habits.isDamaging ? [(3, { .fault($0.damage()) })] : [])
                + (habits.isFilling ? fullChoices : [])
                + (habits.seals ? removalChoices : [])
        }

        /// What is removed stays removed in sealed files only: a retirement forgets it.
        private var removalChoices: [Choice] {
            [
                (
                    3,
                    { maker in
                        let stream = "s\(maker.random.below(maker.habits.streamCount))"
                        return .truncate(stream, keeping: maker.random.pick([0, 1, 2, 5]))
                    }
                ),
                (
                    4,
                    { maker in
                        let stream = "s\(maker.random.below(maker.habits.streamCount))"
                        return .snapshot(
                            stream, payloadBytes: maker.random.pick(maker.habits.sizes))
                    }
                ),
                (
                    3,
                    { maker in
                        let stream = "s\(maker.random.below(maker.habits.streamCount))"
                        return .expire(stream, at: maker.random.below(20))
                    }
                ),
                (2, { .removeExpired(at: $0.random.below(20)) }),
                (2, { .delete("s\($0.random.below($0.habits.streamCount))") }),
                (1, { .purge("s\($0.random.below($0.habits.streamCount))") }),
                (4, { .forget("s\($0.random.below($0.habits.streamCount))") }),
            ]
        }

        private var fullChoices: [Choice] {
            [
                (4, { .fault(FaultShape(.fullDisk, .call(1 + $0.random.below(20)))) }),
                (6, { _ in .fault(FaultShape(.none)) }),
            ]
        }

        private var clientChoices: [Choice] {
            [
                (20, { .append($0.batch()) }),
                (24, { .stage($0.batch()) }),
                (7, { .retry(back: 1 + $0.random.below(6), changed: $0.random.below(4) == 0) }),
                (6, { .fill(blocksLeft: $0.random.pick([0, 0, 1, 2, 5])) }),
                (2, { _ in .read }),
                (3, { .follow($0.random.below(3)) }),
            ]
        }

        private var writeChoices: [Choice] {
            [
                (6, { _ in .begin }), (2, { _ in .beginMark }), (7, { _ in .perform }),
                (7, { _ in .finish }), (8, { _ in .write }), (4, { _ in .idle }),
                (6, { _ in .prepare(paused: false) }), (5, { _ in .prepare(paused: true) }),
                (9, { .advance(calls: 1 + $0.random.below(6)) }),
                (
                    6,
                    { maker in
                        let keptCount = maker.random.below(3)
                        return maker.habits.givesBack(keptCount)
                    }
                ),
            ]
        }

        private var stopChoices: [Choice] {
            [
                (2, { _ in .close }), (habits.faultsPerThousand > 0 ? 9 : 2, { _ in .reopen }),
                (habits.stopWeight, { .crash(at: $0.stopCall(), $0.fate()) }),
                (max(1, habits.stopWeight / 6), { .kill(at: $0.stopCall()) }),
            ]
        }

        /// Often the very next call, which is then a group's write more often than not.
        private mutating func stopCall() -> Int {
            random.below(3) == 0 ? 1 : random.below(habits.stopCalls)
        }

        private mutating func fate() -> FateRule {
            switch random.below(8) {
            case 0: FateRule(.keep)
            case 1: FateRule(.drop)
            case 2: FateRule(.mix, seed: random.next() >> 40)
            case 3: FateRule(.zeros, seed: random.next() >> 40)
            default: FateRule(.torn, seed: random.next() >> 40)
            }
        }

        private mutating func damage() -> FaultShape {
            FaultShape(
                random.pick(FaultShape.Kind.everyDamage), .call(1 + random.below(40)))
        }

        private mutating func batch() -> BatchShape {
            let sectionCount = random.pick([1, 1, 1, 1, 2, 3])
            var names: [String] = []
            for _ in 0..<sectionCount {
                let name = "s\(random.below(habits.streamCount))"
                if !names.contains(name) { names.append(name) }
            }
            let sections = names.map { name in
                BatchShape.Section(
                    name, random.pick([1, 1, 1, 2, 5]), payloadBytes: random.pick(habits.sizes),
                    expecting: expectation())
            }
            return BatchShape(sections, hasIDs: random.below(5) > 0)
        }

        private mutating func expectation() -> BatchShape.Expectation {
            switch random.below(14) {
            case 0: .none
            case 1, 2: .any
            case 3: .behind
            case 4: .ahead
            default: .exact
            }
        }
    }
}
