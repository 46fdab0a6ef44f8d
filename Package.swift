// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

/// Every Swift target is checked for memory safety; unsafe code lives in `EmakiPlatform` alone.
let strict: [SwiftSetting] = [.strictMemorySafety()]

/// What exists with the trait `Macros` only: SwiftSyntax is neither fetched nor built without it.
func syntax(_ product: String) -> Target.Dependency {
    .product(name: product, package: "swift-syntax", condition: .when(traits: ["Macros"]))
}

/// An example: a small program that tells a story.
func example(_ name: String, _ folder: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["EmakiLog", "EmakiWorkflow", "EmakiWorkflowTesting"],
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
        .library(name: "EmakiSchedules", targets: ["EmakiSchedules"]),
        .library(name: "EmakiSimulation", targets: ["EmakiSimulation"]),
        .executable(name: "emaki", targets: ["emaki"]),
    ],
    traits: [
        .trait(name: "Macros", description: "@Workflow, @Activities and the others; SwiftSyntax")
    ],
    dependencies: [
        // Fetched with the trait `Macros` only.
        .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.1"),
        // Only the command line uses these: a package that embeds `EmakiLog` builds neither.
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
            name: "EmakiWorkflowTesting", dependencies: ["EmakiWorkflow", "EmakiPlatform"],
            swiftSettings: strict),
        .target(
            name: "EmakiSimulation", dependencies: ["EmakiLog", "EmakiPlatform"],
            swiftSettings: strict),
        .executableTarget(
            name: "emaki",
            dependencies: [
                "EmakiLog", "EmakiPlatform", "EmakiSimulation", "EmakiWorkflow",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            resources: [.copy("Resources/histories-small.jsonl")],
            swiftSettings: strict),
        example("example-transfer", "Transfer"),
        example("example-approval", "Approval"),
        example("example-delivery", "Delivery"),
        example("example-order", "Order"),
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
        // Empty without the trait `Macros`.
        .testTarget(
            name: "EmakiWorkflowMacrosTests",
            dependencies: [
                .target(name: "EmakiMacroPlugin", condition: .when(traits: ["Macros"])),
                syntax("SwiftSyntaxMacrosGenericTestSupport"),
            ], swiftSettings: strict),
        .testTarget(
            name: "EmakiSimulationTests",
            dependencies: ["EmakiSimulation", "EmakiLog", "EmakiPlatform"],
            resources: [.copy("Scripts")], swiftSettings: strict),
        .testTarget(
            name: "EmakiCommandTests",
            dependencies: [
                "emaki", "EmakiSimulation", "EmakiLog", "EmakiPlatform", "EmakiWorkflow",
            ], swiftSettings: strict),
        .testTarget(
            name: "ExampleTests",
            dependencies: [
                "example-transfer", "example-approval", "example-delivery", "example-order",
                "EmakiWorkflowTesting",
            ], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)
