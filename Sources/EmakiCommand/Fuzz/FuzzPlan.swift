import EmakiSimulation

/// What is to be explored, by all workers together.
struct FuzzPlan: Sendable {
    var firstSeed: UInt64
    /// Nil: as many as there is time for.
    var seedCount: Int?
    /// Nil: as long as it takes.
    var minutes: Double?
    var options: ExplorationOptions

    var faultsPercent: Double { Double(options.faultsPerThousand) / 10 }

    /// What a shell needs to try one seed again.
    func command(forSeed seed: UInt64) -> String {
        "emaki fuzz --seed \(seed) --seeds 1 --faults \(faultsPercent) --steps"
            + " \(options.stepCount)" + (options.hasLyingDisk ? " --lying-disk" : "")
    }

    /// The arguments of a worker that takes every so many-th seed from one on.
    func workerArguments(from seed: UInt64, stride: UInt64, count: Int?) -> [String] {
        var arguments = [
            "fuzz", "--worker-stride", "\(stride)", "--seed", "\(seed)", "--faults",
            "\(faultsPercent)", "--steps", "\(options.stepCount)",
        ]
        if options.hasLyingDisk { arguments.append("--lying-disk") }
        if let count { arguments += ["--seeds", "\(count)"] }
        if let minutes { arguments += ["--minutes", "\(minutes)"] }
        return arguments
    }
}
