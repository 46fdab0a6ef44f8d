import Testing

@testable import EmakiSimulation

@Suite struct ShrinkerTests {
    /// As if a log lost what is larger than 1,000 bytes when the power goes.
    private static func loses(_ script: Script) -> Violation? {
        var isLarge = false
        for step in script.steps {
            switch step {
            case .append(let batch), .stage(let batch):
                isLarge = isLarge || batch.sections.contains { $0.payloadBytes > 1000 }
            case .crash where isLarge: return Violation(.acknowledgedSurvives, "lost")
            case .close: return Violation(.endIsProven, "another one")
            default: break
            }
        }
        return nil
    }

    @Test("what is not needed for the failure goes, and what is needed gets small")
    func shrinks() throws {
        let script = try Script(
            """
            store block=512 ready=3 seed=77
            append a 5x3000 + b 1x10 any
            idle
            fill 3
            crash at 40 torn 1234567
            read
            close
            """)
        let violation = try #require(Self.loses(script))
        var shrinker = Shrinker(script, violation, trial: Self.loses)
        shrinker.run()
        #expect(shrinker.script.steps.map(\.text) == ["stage a 1x1001", "crash at 0 keep"])
        #expect(shrinker.script.store == StoreShape(ready: 1))
        #expect(shrinker.violation.promise == .acknowledgedSurvives)
    }

    @Test("a script that breaks another promise is not taken for a smaller one")
    func samePromise() throws {
        let script = try Script("append a 1x3000\ncrash at 1 keep\nclose\n")
        var shrinker = Shrinker(script, try #require(Self.loses(script)), trial: Self.loses)
        shrinker.run()
        #expect(!shrinker.script.steps.contains(.close))
        #expect(shrinker.violation.promise == .acknowledgedSurvives)
    }

    @Test("shrinking ends after so many runs", arguments: [0, 1, 7])
    func bound(runCountMax: Int) throws {
        let script = RandomScript.make(seed: 3)
        var runs = 0
        var shrinker = Shrinker(
            script, Violation(.acknowledgedSurvives, ""), runCountMax: runCountMax
        ) { _ in
            runs += 1
            return nil
        }
        shrinker.run()
        #expect(runs == runCountMax)
        #expect(shrinker.script == script)
    }

    @Test("every simpler step reads back, and none is the step itself")
    func simpler() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            for step in RandomScript.make(seed: seed, faultsPerThousand: 100).steps {
                for simple in step.simpler {
                    #expect(try Script(simple.text).steps == [simple])
                    #expect(simple != step)
                }
            }
        }
    }
}

extension StoreShape {
    fileprivate init(ready: Int) {
        self.init()
        readyCount = ready
    }
}
