import Foundation
import Testing

/// What a finished run of the command left.
struct CommandResult {
    let status: Int32
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Standard output as JSON Lines.
    func objects() throws -> [[String: Any]] { try lines.map(Self.object) }

    /// The one JSON object on standard output.
    func object() throws -> [String: Any] {
        let line = try #require(lines.first)
        return try Self.object(line)
    }

    /// The `error` object on standard error.
    func error() throws -> [String: Any] {
        let line = try #require(errors.split(separator: "\n").first.map(String.init))
        let object = try Self.object(line)
        return try #require(object["error"] as? [String: Any])
    }

    static func object(_ line: String) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(value as? [String: Any], "\(line)")
    }
}

/// Runs the built `emaki` as its users do: as a process, judged by what it writes and ends with.
enum Command {
    /// Beside the test bundle, where the build puts every product.
    static let executable = program("emaki")

    static func program(_ name: String) -> URL {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let neighbour = bundle?.bundleURL ?? URL(filePath: CommandLine.arguments[0])
        return neighbour.deletingLastPathComponent().appending(path: name)
    }

    static func process(_ arguments: [String], of program: URL = executable) -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        return process
    }

    @discardableResult
    static func run(
        _ arguments: String..., input: [UInt8] = []
    ) throws -> CommandResult {
        try run(arguments, input: input)
    }

    /// Runs the command to its end. Input and errors go through files, so that no pipe can fill up
    /// while another one is read.
    static func run(
        _ arguments: [String], input: [UInt8] = [], of program: URL = executable
    ) throws -> CommandResult {
        let folder = try TemporaryFolder()
        let inputFile = folder.path("input")
        let errorFile = folder.path("errors")
        try Data(input).write(to: URL(filePath: inputFile))
        try Data().write(to: URL(filePath: errorFile))
        let process = process(arguments, of: program)
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputFile))
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorFile))
        try process.run()
        let written = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let errors = try Data(contentsOf: URL(filePath: errorFile))
        return CommandResult(
            status: process.terminationReason == .exit ? process.terminationStatus : -1,
            output: String(decoding: written, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }
}

/// A folder that goes away with its last reference.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "emaki-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            Issue.record("the folder \(url.path) cannot be removed: \(error)")
        }
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }
}

/// A small store in a folder of its own.
struct TestStore {
    let folder: TemporaryFolder
    let path: String

    /// The smallest segments there are, so that a store is made in milliseconds.
    init(segmentBytes: Int = 128 << 10) throws {
        folder = try TemporaryFolder()
        path = folder.path("store")
        let made = try Command.run("create", path, "--segment-bytes", "\(segmentBytes)")
        try #require(made.status == 0, "\(made.errors)")
    }

    /// A store of its own with the same contents.
    init(copying other: TestStore) throws {
        folder = try TemporaryFolder()
        path = folder.path("store")
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
    }

    @discardableResult
    func append(_ stream: String, _ payload: String, type: String = "T") throws -> CommandResult {
        let result = try Command.run("append", path, stream, "--type", type, "--payload", payload)
        try #require(result.status == 0, "\(result.errors)")
        return result
    }

    func export() throws -> CommandResult { try Command.run("export", path) }

    /// Every file of the store with its bytes, but for the lock's hint.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        let names = try FileManager.default.subpathsOfDirectory(atPath: path)
        for name in names where name != "LOCK" {
            let file = path + "/" + name
            let facts = try FileManager.default.attributesOfItem(atPath: file)
            guard facts[.type] as? FileAttributeType == .typeRegular else { continue }
            contents[name] = try Data(contentsOf: URL(filePath: file))
        }
        return contents
    }

    /// Changes bytes of one of the store's files.
    func change(_ file: String, _ body: (inout Data) throws -> Void) throws {
        let url = URL(filePath: path + "/" + file)
        var bytes = try Data(contentsOf: url)
        try body(&bytes)
        try bytes.write(to: url)
    }
}
