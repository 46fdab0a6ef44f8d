#if Lint
    import Foundation

    /// Swift files on disk.
    package enum SourceFiles {
        /// A path that cannot be read.
        package struct Unreadable: Error {
            package let path: String
            package let reason: String
        }

        /// Folders that hold nothing of the package itself.
        private static let skipped: Set = ["checkouts", "DerivedData", "Pods", "Carthage"]

        /// The files of these paths: files as they are, folders with all that is in them. What
        /// begins with a dot is left out, and so is what builds put there.
        package static func paths(in paths: [String]) throws -> [String] {
            var found: [String] = []
            for path in paths {
                // A link that somebody names is meant.
                let meant = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
                guard let kind = kind(of: meant) else {
                    throw Unreadable(path: path, reason: "there is no such file or folder")
                }
                if kind == .typeDirectory {
                    found += try files(in: path)
                } else {
                    found.append(path)
                }
            }
            var seen: Set<String> = []
            return found.filter { seen.insert($0).inserted }
        }

        private static func files(in folder: String) throws -> [String] {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            } catch {
                throw Unreadable(path: folder, reason: "the folder cannot be read")
            }
            var found: [String] = []
            for name in names where !name.hasPrefix(".") && !skipped.contains(name) {
                let path =
                    folder == "."
                    ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
                // A link to a folder may lead back, so none is followed.
                if kind(of: path) == .typeDirectory {
                    found += try files(in: path)
                } else if name.hasSuffix(".swift") {
                    found.append(path)
                }
            }
            return found
        }

        private static func kind(of path: String) -> FileAttributeType? {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return attributes?[.type] as? FileAttributeType
        }

        /// When the file, or what is in the folder, was changed last; nil: it is not there.
        static func modified(_ path: String) -> Date? {
            let meant = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            let attributes = try? FileManager.default.attributesOfItem(atPath: meant)
            return attributes?[.modificationDate] as? Date
        }

        package static func read(_ path: String) throws -> SourceText {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw Unreadable(path: path, reason: "the file cannot be read")
            }
            guard let text = String(data: bytes, encoding: .utf8) else {
                throw Unreadable(path: path, reason: "the file is no text in UTF-8")
            }
            return SourceText(path: path, text: text)
        }

        /// Replaces a file's text, all of it or nothing.
        package static func write(_ text: String, to path: String) throws {
            do {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                throw Unreadable(path: path, reason: "the file cannot be written")
            }
        }
    }
#endif
