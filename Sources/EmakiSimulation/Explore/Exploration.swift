import EmakiLog

/// How the workloads of an exploration are made.
package struct ExplorationOptions: Sendable, Equatable {
    package var stepCount: Int
    /// So many of a thousand calls to the disk fail at most.
    package var faultsPerThousand: Int

    package init(stepCount: Int = 240, faultsPerThousand: Int = 0) {
        self.stepCount = stepCount
        self.faultsPerThousand = faultsPerThousand
    }
}

/// Workloads by their seeds.
package enum Exploration {
    package static func script(seed: UInt64, _ options: ExplorationOptions) -> Script {
        RandomScript.make(
            seed: seed, stepCount: options.stepCount, faultsPerThousand: options.faultsPerThousand)
    }

    package static func run(
        seed: UInt64, _ options: ExplorationOptions
    ) throws(LogError) -> RunReport {
        try Driver.run(script(seed: seed, options))
    }
}
