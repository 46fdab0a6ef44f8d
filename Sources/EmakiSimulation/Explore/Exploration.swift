import EmakiLog

/// How the workloads of an exploration are made.
package struct ExplorationOptions: Sendable, Equatable {
    package var stepCount: Int
    /// So many of a thousand calls to the disk fail at most.
    package var faultsPerThousand: Int
    /// The disk says that something is durable which is not. A log cannot withstand that, so a
    /// promise is broken soon: it shows that losses are noticed.
    package var hasLyingDisk: Bool

    package init(stepCount: Int = 240, faultsPerThousand: Int = 0, hasLyingDisk: Bool = false) {
        self.stepCount = stepCount
        self.faultsPerThousand = faultsPerThousand
        self.hasLyingDisk = hasLyingDisk
    }
}

/// Workloads by their seeds.
package enum Exploration {
    package static func script(seed: UInt64, _ options: ExplorationOptions) -> Script {
        guard options.hasLyingDisk else {
            return RandomScript.make(
                seed: seed, stepCount: options.stepCount,
                faultsPerThousand: options.faultsPerThousand)
        }
        var script = RandomScript.make(seed: seed, stepCount: options.stepCount)
        script.steps.insert(.fault(FaultShape(.lyingSync, .rate(perThousand: 1000))), at: 0)
        return script
    }

    package static func run(
        seed: UInt64, _ options: ExplorationOptions
    ) throws(LogError) -> RunReport {
        try Driver.run(script(seed: seed, options))
    }
}
