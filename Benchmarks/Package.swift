// swift-tools-version: 6.1
import Foundation
import PackageDescription

// What measures the engine beside others. A package of its own: nobody who embeds the engine builds
// any of it. `Engine` is a link to `Sources`, so that the hot pieces, which are not public, are
// measured as they are.

/// A peer is there if its header is; without it `compare` says so and goes on.
struct Peer {
    let module: String
    let header: String
    let package: String

    var isThere: Bool {
        ["/usr/include", "/usr/local/include", "/opt/homebrew/include"]
            .contains { FileManager.default.fileExists(atPath: "\($0)/\(header)") }
    }
}

let peers = [
    Peer(module: "CRocksDB", header: "rocksdb/c.h", package: "librocksdb-dev"),
    Peer(module: "CLevelDB", header: "leveldb/c.h", package: "libleveldb-dev"),
    Peer(module: "CLMDB", header: "lmdb.h", package: "liblmdb-dev"),
    Peer(module: "CSQLite", header: "sqlite3.h", package: "libsqlite3-dev"),
    Peer(module: "CPostgreSQL", header: "postgresql/libpq-fe.h", package: "libpq-dev"),
    Peer(module: "CHiredis", header: "hiredis/hiredis.h", package: "libhiredis-dev"),
].filter(\.isThere)

let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

/// The engine's own sources, compiled as targets of this package.
func engine(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Engine/\(name)")
}

let package = Package(
    name: "emaki-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        // Without its traits: it counts no allocations then, and needs no allocator of its own.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: peers.map { peer in
        .systemLibrary(name: peer.module, providers: [.apt([peer.package])])
    } + [
        .target(name: "CompareKit", dependencies: [histogram]),
        .target(
            name: "Peers",
            dependencies: ["CompareKit"] + peers.map { .target(name: $0.module) },
            swiftSettings: peers.map { .define("HAS_\($0.module.uppercased())") }),
        .executableTarget(name: "compare", dependencies: ["CompareKit", "Peers", argumentParser]),
        .testTarget(name: "CompareKitTests", dependencies: ["CompareKit"]),
        engine("CEmaki"),
        .systemLibrary(name: "CLZ4", path: "Engine/CLZ4", pkgConfig: "liblz4"),
        engine("EmakiPlatform", ["CEmaki", "CLZ4"]),
        engine("EmakiLog", ["EmakiPlatform"]),
        .executableTarget(
            name: "EngineMicro",
            dependencies: [
                "EmakiLog", "EmakiPlatform", .product(name: "Benchmark", package: "benchmark"),
            ],
            // Its plug-in looks for benchmarks in a folder of this name.
            path: "Sources/Benchmarks/EngineMicro",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
