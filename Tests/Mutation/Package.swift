// swift-tools-version: 6.2
import PackageDescription

/// Mutation testing of the engine. A package of its own: nothing else needs SwiftSyntax.
let package = Package(
    name: "emaki-mutation",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/swiftlang/swift-syntax", exact: "603.0.1")
    ],
    targets: [
        .executableTarget(
            name: "emaki-mutation",
            dependencies: [
                .product(name: "SwiftSyntax", package: "swift-syntax"),
                .product(name: "SwiftOperators", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
            ])
    ]
)
