#if Lint
    import Foundation

    /// Has an index store read by a process of its own: the library that reads stores is the
    /// toolchain's, and a damaged store may end the process that it is in.
    package struct IndexStoreReader {
        let paths: IndexStorePaths
        /// `emaki-lint` itself.
        let program: String

        /// By this only argument the program reads a store instead of looking at code.
        package static let argument = "--read-index-store"

        /// - Parameter files: absolute paths.
        /// - Returns: what `CEmakiIndexStore.h` says.
        func read(_ files: [String]) throws(IndexStoreError) -> [UInt8] {
            let question = ([paths.library, paths.store] + files).map { $0 + "\n" }.joined()
            let (answer, end) = try ask(question)
            let last = answer.split(separator: UInt8(ascii: "\n")).last
            let lastLine = last.map { String(decoding: $0, as: UTF8.self) } ?? ""
            if end == nil, lastLine == "end" { return Array(answer.dropLast(4)) }
            let parts = lastLine.split(separator: "\t", omittingEmptySubsequences: false)
            let detail = parts.count > 2 ? String(parts[2]) : ""
            switch parts.first == "error" && parts.count > 1 ? parts[1] : "" {
            case "library": throw .wrongLibrary(paths.library, reason: detail)
            case "function":
                throw .wrongLibrary(paths.library, reason: "it has no function `\(detail)`")
            case "store": throw .damaged(paths.store, reason: detail)
            default: throw .damaged(paths.store, reason: "its reader \(end ?? "said too little")")
            }
        }

        /// The question is passed in a file, so that nothing waits for a reader that has ended.
        ///
        /// - Returns: the answer, and how the reader ended if not as it should.
        private func ask(_ question: String) throws(IndexStoreError) -> (Data, String?) {
            let file = FileManager.default.temporaryDirectory
                .appendingPathComponent("emaki-lint-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            let reader = Process()
            let answer = Pipe()
            do {
                try Data(question.utf8).write(to: file)
                reader.executableURL = URL(fileURLWithPath: program)
                reader.arguments = [Self.argument]
                reader.standardInput = try FileHandle(forReadingFrom: file)
                reader.standardOutput = answer
                reader.standardError = FileHandle.nullDevice
                try reader.run()
                let bytes = try answer.fileHandleForReading.readToEnd() ?? Data()
                reader.waitUntilExit()
                let status = reader.terminationStatus
                guard reader.terminationReason == .exit else {
                    return (bytes, "was ended by signal \(status)")
                }
                return (bytes, status == 0 ? nil : "ended with \(status)")
            } catch {
                throw .noReader("\(error)")
            }
        }
    }
#endif
