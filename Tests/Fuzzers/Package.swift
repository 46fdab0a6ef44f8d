// swift-tools-version: 6.2
import PackageDescription

/// The engine's own sources, compiled as targets of this package: the fuzzers call what is not
/// public. `Engine` is a link to `Sources`.
func engine(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Engine/\(name)")
}

// Fuzzers for everything that decodes bytes from a disk or from a user. A package of its own,
// because it links only with a fuzzer's runtime: see `run`.
let package = Package(
    name: "emaki-fuzzers",
    platforms: [.macOS(.v15)],
    targets: [
        engine("CEmaki"),
        .systemLibrary(name: "CLZ4", path: "Engine/CLZ4", pkgConfig: "liblz4"),
        engine("EmakiPlatform", ["CEmaki", "CLZ4"]),
        engine("EmakiLog", ["EmakiPlatform"]),
        engine("EmakiSimulation", ["EmakiLog", "EmakiPlatform"]),
        // What the command makes of JSON, without the command: links to its files.
        .target(name: "EmakiCommandSupport", dependencies: ["EmakiLog"]),
        .target(
            name: "Parsers", dependencies: ["EmakiCommandSupport", "EmakiLog", "EmakiPlatform"]),
        .executableTarget(
            name: "Fuzzers",
            dependencies: ["EmakiLog", "EmakiPlatform", "EmakiSimulation", "Parsers"]),
    ]
)
