#if Lint
    import Foundation

    /// Where an index store is, and the library that reads it.
    package struct IndexStorePaths: Sendable, Equatable {
        package var store: String
        package var library: String

        package init(store: String, library: String) {
            self.store = store
            self.library = library
        }

        /// - Parameters:
        ///   - store: nil: that of the last build of the package which the sources are in.
        ///   - library: nil: that of the toolchain whose `swiftc` or `swift` is on the path.
        package static func find(
            store: String?, library: String?, for sources: [String],
            environment: [String: String] = ProcessInfo.processInfo.environment
        ) throws(IndexStoreError) -> IndexStorePaths {
            guard let found = store ?? newest(for: sources) else { throw .noStore(nil) }
            guard lastWritten(found) != nil else { throw .noStore(found) }
            guard let library = library ?? toolchainLibrary(environment) else { throw .noLibrary }
            return IndexStorePaths(
                store: URL(fileURLWithPath: found).path,
                library: URL(fileURLWithPath: library).path)
        }

        // MARK: The store

        /// The one of the package's builds that was written last.
        private static func newest(for sources: [String]) -> String? {
            guard let folder = sources.lazy.compactMap({ package(of: $0) }).first else {
                return nil
            }
            let build = folder + "/.build"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: build)) ?? []
            var newest: (path: String, written: Date)?
            for name in names.sorted() {
                let path = "\(build)/\(name)/debug/index/store"
                guard let written = lastWritten(path) else { continue }
                if newest.map({ written > $0.written }) ?? true { newest = (path, written) }
            }
            return newest?.path
        }

        /// The folder above that has a `Package.swift`.
        private static func package(of source: String) -> String? {
            var folder = URL(fileURLWithPath: source).standardizedFileURL
            while folder.pathComponents.count > 1 {
                let manifest = folder.appendingPathComponent("Package.swift").path
                if FileManager.default.fileExists(atPath: manifest) { return folder.path }
                folder.deleteLastPathComponent()
            }
            return nil
        }

        /// When a unit was last added to it; nil: there is no store.
        private static func lastWritten(_ store: String) -> Date? {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []
            // `v5`: the version of the format.
            let dates = names.filter { $0.hasPrefix("v") }.compactMap { version in
                SourceFiles.modified("\(store)/\(version)/units")
            }
            return dates.max()
        }

        // MARK: The library

        package static func toolchainLibrary(
            _ environment: [String: String] = ProcessInfo.processInfo.environment
        ) -> String? {
            #if os(macOS)
                let name = "libIndexStore.dylib"
                // What is on the path there only finds the toolchain.
                let others = [
                    "/Applications/Xcode.app/Contents/Developer/Toolchains/"
                        + "XcodeDefault.xctoolchain",
                    "/Library/Developer/CommandLineTools",
                ].map { "\($0)/usr/lib/\(name)" }
            #else
                let name = "libIndexStore.so"
                let others: [String] = []
            #endif
            let folders = (environment["PATH"] ?? "").split(separator: ":")
            let programs = folders.flatMap { ["\($0)/swiftc", "\($0)/swift"] }
            let libraries = programs.lazy.filter {
                FileManager.default.isExecutableFile(atPath: $0)
            }
            .map { program in
                URL(fileURLWithPath: program).resolvingSymlinksInPath()
                    .deletingLastPathComponent().deletingLastPathComponent()
                    .appendingPathComponent("lib").appendingPathComponent(name).path
            }
            let isThere = { FileManager.default.fileExists(atPath: $0) }
            return libraries.first(where: isThere) ?? others.first(where: isThere)
        }
    }
#endif
