import EmakiCommandSupport
import EmakiSimulation
import Foundation

/// A broken promise, shrunk to what is needed to see it.
struct FuzzFinding {
    let seed: UInt64
    let violation: Violation
    let script: Script
    /// Steps of the script as the seed makes it.
    let firstStepCount: Int
    /// How to see it again.
    let command: String
    /// Where the script is kept; nil if nobody asked for it, or if the folder cannot be written.
    var keptAt: String?

    /// A workload that traps is run in a process of its own each time, which takes longer.
    private static let trapRunCountMax = 300

    init(_ failure: FuzzFailure, plan: FuzzPlan, keptIn folder: String?) throws {
        let script = Exploration.script(seed: failure.seed, plan.options)
        seed = failure.seed
        firstStepCount = script.steps.count
        let shrunk = try Self.shrink(script, failure)
        self.script = shrunk.script
        violation = shrunk.violation
        if let folder {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let path = folder + "/seed-\(seed).script"
            let text = "# \(Self.comment(violation))\n" + self.script.text
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            keptAt = path
            command = "emaki fuzz --replay \(path)"
        } else {
            command = plan.command(forSeed: seed)
        }
    }

    /// Writes scripts of a survey, numbered.
    static func keep(_ scripts: [Script], in folder: String) throws {
        guard !scripts.isEmpty else { return }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for (number, script) in scripts.enumerated() {
            let url = URL(fileURLWithPath: "\(folder)/finding-\(number + 1).script")
            try Data(script.text.utf8).write(to: url)
        }
    }

    private static func comment(_ violation: Violation) -> String {
        violation.description.split(separator: "\n").joined(separator: "\n# ")
    }

    private static func shrink(_ script: Script, _ failure: FuzzFailure) throws -> Shrinker {
        switch failure.kind {
        case .brokenPromise:
            guard let violation = try Driver.run(script).violation else {
                throw CommandFailure(
                    .internalError, code: "notRepeated",
                    "seed \(failure.seed) broke a promise once and not again:"
                        + " a run is not a function of its seed")
            }
            var shrinker = Shrinker(script, violation) { try? Driver.run($0).violation }
            shrinker.run()
            return shrinker
        case .trap(let signal):
            let violation = Self.trap(signal)
            var shrinker = Shrinker(script, violation, runCountMax: trapRunCountMax) {
                FuzzReplay.trapSignal(of: $0).map(trap)
            }
            shrinker.run()
            return shrinker
        case .hang:
            return Shrinker(
                script, Violation(.bytesAreNotTrusted, "the workload does not come to an end")
            ) { _ in nil }
        }
    }

    private static func trap(_ signal: Int32) -> Violation {
        Violation(.bytesAreNotTrusted, "the process died by signal \(signal)")
    }
}
