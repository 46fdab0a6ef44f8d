// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

/// Every Swift target is checked for memory safety; unsafe code lives in `EmakiPlatform` alone.
let strict: [SwiftSetting] = [.strictMemorySafety()]

/// What exists with the trait `Macros` only: SwiftSyntax is neither fetched nor built without it.
func syntax(_ product: String) -> Target.Dependency {
    .product(name: product, package: "swift-syntax", condition: .when(traits: ["Macros"]))
}

/// What exists with a trait only: a product of a package that is not fetched without it.
func product(_ product: String, of package: String, with trait: String) -> Target.Dependency {
    .product(name: product, package: package, condition: .when(traits: [trait]))
}

let argumentParser = product("ArgumentParser", of: "swift-argument-parser", with: "Command")

/// An example: a small program that tells a story.
func example(
    _ name: String, _ folder: String, _ dependencies: [Target.Dependency] = []
) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["EmakiLog", "EmakiWorkflow", "EmakiWorkflowTesting"] + dependencies,
        path: "Sources/Examples/\(folder)", swiftSettings: strict)
}

let package = Package(
    name: "emaki",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "EmakiLog", targets: ["EmakiLog"]),
        .library(name: "EmakiWorkflow", targets: ["EmakiWorkflow"]),
        // Empty without the trait `Macros`.
        .library(name: "EmakiWorkflowMacros", targets: ["EmakiWorkflowMacros"]),
        .library(name: "EmakiWorkflowTesting", targets: ["EmakiWorkflowTesting"]),
        // Each empty without the trait of its name.
        .library(name: "EmakiLogging", targets: ["EmakiLogging"]),
        .library(name: "EmakiMetrics", targets: ["EmakiMetrics"]),
        .library(name: "EmakiTracing", targets: ["EmakiTracing"]),
        .library(name: "EmakiEncryption", targets: ["EmakiEncryption"]),
        // `emaki workflow` for programs that have the workflows' code.
        .library(name: "EmakiWorkflowCommand", targets: ["EmakiWorkflowCommand"]),
        .library(name: "EmakiSchedules", targets: ["EmakiSchedules"]),
        .library(name: "EmakiOffload", targets: ["EmakiOffload"]),
        .library(name: "EmakiSimulation", targets: ["EmakiSimulation"]),
        .executable(name: "emaki", targets: ["emaki"]),
        // Says how it is built without the trait `Lint`.
        .executable(name: "emaki-lint", targets: ["emaki-lint"]),
        .plugin(name: "LintWorkflows", targets: ["LintWorkflows"]),
        .plugin(name: "LintWorkflowsOnBuild", targets: ["LintWorkflowsOnBuild"]),
    ],
    traits: [
        // Who embeds a library and wants nothing else fetched asks for no traits: `traits: []`.
        .default(enabledTraits: ["Command"]),
        .trait(name: "Command", description: "`emaki`, and `EmakiWorkflowCommand`"),
        .trait(name: "Macros", description: "@Workflow, @Activities and the others; SwiftSyntax"),
        .trait(name: "Lint", description: "emaki-lint, which reads code of workflows; SwiftSyntax"),
        .trait(name: "Logging", description: "What an engine does, to swift-log"),
        .trait(name: "Metrics", description: "What an engine does, to swift-metrics"),
        .trait(name: "Tracing", description: "Runs and attempts, as spans of distributed tracing"),
        .trait(name: "Encryption", description: "Payloads that are encrypted, by swift-crypto"),
    ],
    dependencies: [
        // Fetched with the traits `Macros` and `Lint` only.
        .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.1"),
        // Each fetched with the trait that needs it only.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        // Fetched with the traits `Command`, which is a default, and `Lint`; the second with the
        // first only.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .target(name: "CEmaki"),
        .systemLibrary(
            name: "CLZ4", pkgConfig: "liblz4",
            providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .target(name: "EmakiPlatform", dependencies: ["CEmaki", "CLZ4"], swiftSettings: strict),
        .target(name: "EmakiLog", dependencies: ["EmakiPlatform"], swiftSettings: strict),
        .target(
            name: "EmakiWorkflow", dependencies: ["EmakiLog", "EmakiPlatform"],
            swiftSettings: strict),
        .macro(
            name: "EmakiMacroPlugin",
            dependencies: [syntax("SwiftSyntaxMacros"), syntax("SwiftCompilerPlugin")],
            swiftSettings: strict),
        .target(
            name: "EmakiWorkflowMacros",
            dependencies: [
                "EmakiWorkflow",
                .target(name: "EmakiMacroPlugin", condition: .when(traits: ["Macros"])),
            ], swiftSettings: strict),
        .target(
            name: "EmakiSchedules", dependencies: ["EmakiWorkflow"], swiftSettings: strict),
        .target(
            name: "EmakiOffload", dependencies: ["EmakiWorkflow", "EmakiPlatform"],
            swiftSettings: strict),
        .target(
            name: "EmakiWorkflowTesting", dependencies: ["EmakiWorkflow", "EmakiPlatform"],
            swiftSettings: strict),
        .target(
            name: "EmakiLogging",
            dependencies: ["EmakiWorkflow", product("Logging", of: "swift-log", with: "Logging")],
            swiftSettings: strict),
        .target(
            name: "EmakiMetrics",
            dependencies: [
                "EmakiWorkflow", "EmakiPlatform",
                product("CoreMetrics", of: "swift-metrics", with: "Metrics"),
            ], swiftSettings: strict),
        .target(
            name: "EmakiTracing",
            dependencies: [
                "EmakiWorkflow", "EmakiPlatform",
                product("Tracing", of: "swift-distributed-tracing", with: "Tracing"),
            ], swiftSettings: strict),
        .target(
            name: "EmakiEncryption",
            dependencies: [
                "EmakiWorkflow", product("Crypto", of: "swift-crypto", with: "Encryption"),
            ],
            swiftSettings: strict),
        .target(
            name: "EmakiSimulation", dependencies: ["EmakiLog", "EmakiPlatform"],
            swiftSettings: strict),
        .target(
            name: "EmakiCommandSupport",
            dependencies: ["EmakiLog", "EmakiPlatform", argumentParser], swiftSettings: strict),
        .target(
            name: "EmakiWorkflowCommand",
            dependencies: [
                "EmakiCommandSupport", "EmakiLog", "EmakiPlatform", "EmakiSchedules",
                "EmakiWorkflow", argumentParser,
            ], swiftSettings: strict),
        .target(
            name: "EmakiCommand",
            dependencies: [
                "EmakiCommandSupport", "EmakiLog", "EmakiPlatform", "EmakiSimulation",
                "EmakiWorkflow", "EmakiWorkflowCommand", argumentParser,
                product("Histogram", of: "hdrhistogram-swift", with: "Command"),
            ],
            resources: [.copy("Resources/histories-small.jsonl")],
            swiftSettings: strict),
        .executableTarget(name: "emaki", dependencies: ["EmakiCommand"], swiftSettings: strict),
        // Empty without the trait `Lint`.
        .target(
            name: "EmakiLint",
            dependencies: [
                product("SwiftSyntax", of: "swift-syntax", with: "Lint"),
                product("SwiftParser", of: "swift-syntax", with: "Lint"),
                product("ArgumentParser", of: "swift-argument-parser", with: "Lint"),
            ], swiftSettings: strict),
        // Reads index stores, by the toolchain's library, in a process of its own.
        .target(
            name: "CEmakiIndexStore",
            linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .executableTarget(
            name: "emaki-lint",
            dependencies: [
                "EmakiLint", .target(name: "CEmakiIndexStore", condition: .when(traits: ["Lint"])),
            ], swiftSettings: strict),
        .plugin(
            name: "LintWorkflows",
            capability: .command(
                intent: .custom(
                    verb: "lint-workflows",
                    description: "Find code of workflows that a replay would not repeat")),
            dependencies: ["emaki-lint"], path: "Sources/Plugins/LintWorkflows"),
        .plugin(
            name: "LintWorkflowsOnBuild", capability: .buildTool(), dependencies: ["emaki-lint"],
            path: "Sources/Plugins/LintWorkflowsOnBuild"),
        example("example-transfer", "Transfer"),
        example("example-approval", "Approval", ["EmakiWorkflowCommand"]),
        example("example-delivery", "Delivery"),
        example("example-order", "Order"),
        example("example-counter", "Counter"),
        example("example-onboarding", "Onboarding"),
        example("example-release", "Release", ["EmakiWorkflowCommand"]),
        .testTarget(
            name: "EmakiPlatformTests", dependencies: ["EmakiPlatform"], swiftSettings: strict),
        .testTarget(
            name: "EmakiLogTests", dependencies: ["EmakiLog", "EmakiPlatform"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "EmakiWorkflowTests",
            dependencies: [
                // With the trait, its workflows are those of the macros.
                "EmakiWorkflow", "EmakiWorkflowMacros", "EmakiWorkflowTesting",
                "EmakiSimulation", "EmakiLog", "EmakiPlatform",
            ], swiftSettings: strict),
        .testTarget(
            name: "EmakiSchedulesTests",
            dependencies: [
                "EmakiSchedules", "EmakiWorkflow", "EmakiWorkflowTesting", "EmakiPlatform",
            ], swiftSettings: strict),
        .testTarget(
            name: "EmakiOffloadTests",
            dependencies: [
                "EmakiOffload", "EmakiEncryption", "EmakiSchedules", "EmakiSimulation",
                "EmakiWorkflow", "EmakiWorkflowTesting", "EmakiLog", "EmakiPlatform",
            ], swiftSettings: strict),
        // Empty without the trait `Macros`.
        .testTarget(
            name: "EmakiWorkflowMacrosTests",
            dependencies: [
                .target(name: "EmakiMacroPlugin", condition: .when(traits: ["Macros"])),
                syntax("SwiftSyntaxMacrosGenericTestSupport"),
            ], swiftSettings: strict),
        // Empty without the trait `Lint`.
        .testTarget(
            name: "EmakiLintTests",
            // The program, too, as tests start it.
            dependencies: ["EmakiLint", "emaki-lint"], swiftSettings: strict),
        // Empty without the traits `Logging`, `Metrics`, `Tracing`: each has its own part.
        .testTarget(
            name: "EmakiObservabilityTests",
            dependencies: [
                "EmakiLogging", "EmakiMetrics", "EmakiTracing", "EmakiWorkflow",
                "EmakiWorkflowTesting", "EmakiPlatform",
                product("InMemoryLogging", of: "swift-log", with: "Logging"),
                product("MetricsTestKit", of: "swift-metrics", with: "Metrics"),
                product("InMemoryTracing", of: "swift-distributed-tracing", with: "Tracing"),
            ], swiftSettings: strict),
        // Empty without the trait `Encryption`.
        .testTarget(
            name: "EmakiEncryptionTests",
            dependencies: ["EmakiEncryption", "EmakiWorkflow", "EmakiWorkflowTesting"],
            swiftSettings: strict),
        .testTarget(
            name: "EmakiSimulationTests",
            dependencies: ["EmakiSimulation", "EmakiLog", "EmakiPlatform"],
            resources: [.copy("Scripts")], swiftSettings: strict),
        .testTarget(
            name: "EmakiCommandTests",
            dependencies: [
                // Programs, too, as tests start them.
                "emaki", "example-approval", "example-release",
                "EmakiCommand", "EmakiCommandSupport",
                "EmakiSimulation", "EmakiLog",
                "EmakiPlatform", "EmakiSchedules", "EmakiWorkflow", "EmakiWorkflowCommand",
            ], swiftSettings: strict),
        .testTarget(
            name: "ExampleTests",
            dependencies: [
                "example-transfer", "example-approval", "example-delivery", "example-order",
                "example-counter", "example-onboarding",
                "EmakiWorkflowTesting",
            ], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)
