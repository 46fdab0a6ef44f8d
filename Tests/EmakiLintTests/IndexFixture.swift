#if Lint
    import EmakiLint
    import Foundation
    import Testing

    /// A package in a folder of its own, and the index store that compiling it left: the engine's
    /// names, a package that it depends on, and a target `Shop`, whose files alone the linter is
    /// given.
    struct IndexFixture: Sendable {
        @TaskLocal static var current: IndexFixture?

        let folder: URL
        let paths: IndexStorePaths

        /// What is needed for it: a compiler, its library, and the program beside the tests.
        static let isPossible = compiler != nil && library != nil && program != nil
        static let library = IndexStorePaths.toolchainLibrary()

        private static let compiler = (ProcessInfo.processInfo.environment["PATH"] ?? "")
            .split(separator: ":").map { "\($0)/swiftc" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }

        /// `emaki-lint`, as it was built.
        static let program: String? = {
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
            let tests = bundle?.bundleURL ?? URL(filePath: CommandLine.arguments[0])
            let path = tests.deletingLastPathComponent().appending(path: "emaki-lint").path
            return FileManager.default.isExecutableFile(atPath: path) ? path : nil
        }()

        init() throws {
            folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
                .appending(path: "emaki-lint-index-\(UUID().uuidString)")
            paths = IndexStorePaths(
                store: folder.appending(path: ".build/some-triple/debug/index/store").path,
                library: Self.library ?? "")
            let files = [
                "Package.swift": "// No package manager reads it.",
                "Sources/EmakiWorkflow/Names.swift": IndexSources.engine,
                "Sources/Days/Days.swift": IndexSources.days,
                "Sources/Shop/Order.swift": IndexSources.order,
                "Sources/Shop/Parts.swift": IndexSources.parts,
                "Sources/Shop/Late.swift": IndexSources.late,
            ]
            for (name, text) in files { try write(text, to: name) }
            for module in ["EmakiWorkflow", "Days", "Shop"] { try compile(module) }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: source("Late"))
        }

        func source(_ name: String) -> String {
            folder.appending(path: "Sources/Shop/\(name).swift").path
        }

        private func write(_ text: String, to name: String) throws {
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        private func compile(_ module: String) throws {
            let products = folder.appending(path: "products")
            try FileManager.default.createDirectory(
                at: products, withIntermediateDirectories: true)
            let sources = folder.appending(path: "Sources/\(module)")
            let names = try FileManager.default.contentsOfDirectory(atPath: sources.path).sorted()
            let process = Process()
            process.executableURL = URL(filePath: Self.compiler ?? "")
            process.currentDirectoryURL = products
            process.arguments =
                [
                    "-module-name", module, "-swift-version", "6", "-parse-as-library", "-c",
                    "-emit-module", "-emit-module-path", "\(module).swiftmodule", "-I", ".",
                    "-index-store-path", paths.store, "-index-ignore-system-modules",
                ] + names.map { sources.appending(path: $0).path }
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            let text = try errors.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failure(text: String(decoding: text, as: UTF8.self))
            }
        }

        struct Failure: Error { let text: String }
    }

    /// Compiles the fixture once for a suite, and removes it afterwards.
    struct CompilesIndexFixture: SuiteTrait, TestScoping {
        func provideScope(
            for test: Test, testCase: Test.Case?,
            performing function: @Sendable () async throws -> Void
        ) async throws {
            let fixture = try IndexFixture()
            defer { try? FileManager.default.removeItem(at: fixture.folder) }
            try await IndexFixture.$current.withValue(fixture, operation: function)
        }
    }

    extension Trait where Self == CompilesIndexFixture {
        static var compilesIndexFixture: Self { Self() }
    }
#endif
