/// What is changed, and the tests that are to notice.
struct Subject {
    /// As `--engine` names it.
    var name: String
    /// What is mutated, from the package's root. Folders that are not there yet do not matter.
    var scope: [String]
    /// What is copied, from the package's root.
    var parts: [String]
    /// Targets of the copy.
    var targets: String
    /// Tests that are tried where nobody says which.
    var tests: String
    /// In `.build`.
    var folder: String

    static let all = [log, workflow]

    private static let base = """
        .target(name: "CEmaki"),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4"),
        .target(name: "EmakiPlatform", dependencies: ["CEmaki", "CLZ4"]),
        .target(name: "EmakiLog", dependencies: ["EmakiPlatform"]),

        """

    static let log = Subject(
        name: "log",
        scope: [
            "Sources/EmakiLog/Format", "Sources/EmakiLog/Recovery", "Sources/EmakiLog/Commit",
            "Sources/EmakiLog/Core", "Sources/EmakiLog/Segment", "Sources/EmakiLog/Sealed",
            "Sources/EmakiLog/Sealing", "Sources/EmakiLog/Removal", "Sources/EmakiLog/Space",
            "Sources/EmakiLog/StoreCreation.swift", "Sources/EmakiLog/StoreLeftovers.swift",
        ],
        parts: [
            "Sources/CEmaki", "Sources/CLZ4", "Sources/EmakiPlatform", "Sources/EmakiLog",
            "Tests/EmakiLogTests",
        ],
        targets: base + """
            .testTarget(
                name: "EmakiLogTests", dependencies: ["EmakiLog", "EmakiPlatform"],
                resources: [.copy("Fixtures")]),
            """, tests: #"^EmakiLogTests\."#, folder: "mutation")

    /// Of workflows: what is known of all runs, and how runs begin anew and are removed.
    static let workflow = Subject(
        name: "workflow",
        scope: [
            "Sources/EmakiWorkflow/Projection",
            "Sources/EmakiWorkflow/Engine/EngineCore+Resetting.swift",
            "Sources/EmakiWorkflow/Engine/EngineCore+Unbegun.swift",
            "Sources/EmakiWorkflow/Engine/RunHost+Resetting.swift",
            "Sources/EmakiWorkflow/Engine/RunHost+Removing.swift",
            "Sources/EmakiWorkflow/Machine/RunCut.swift",
            "Sources/EmakiWorkflow/Machine/RunMachine+Checkpoint.swift",
            "Sources/EmakiWorkflow/Context/WorkflowContext+Checkpoint.swift",
            "Sources/EmakiWorkflow/History/RunCheckpoint.swift",
        ],
        parts: [
            "Sources/CEmaki", "Sources/CLZ4", "Sources/EmakiPlatform", "Sources/EmakiLog",
            "Sources/EmakiSimulation", "Sources/EmakiWorkflow", "Sources/EmakiWorkflowTesting",
            "Tests/EmakiWorkflowTests",
        ],
        targets: base + """
            .target(name: "EmakiSimulation", dependencies: ["EmakiLog", "EmakiPlatform"]),
            .target(name: "EmakiWorkflow", dependencies: ["EmakiLog", "EmakiPlatform"]),
            .target(
                name: "EmakiWorkflowTesting",
                dependencies: ["EmakiWorkflow", "EmakiLog", "EmakiPlatform"]),
            .testTarget(
                name: "EmakiWorkflowTests",
                dependencies: [
                    "EmakiWorkflow", "EmakiWorkflowTesting", "EmakiSimulation", "EmakiLog",
                    "EmakiPlatform",
                ]),
            """,
        tests: #"^EmakiWorkflowTests\.(Projection|Resetting|Removing|Unbegun|Checkpoint)"#,
        folder: "mutation-workflow")
}
