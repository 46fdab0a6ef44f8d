import Foundation

/// What is known of each mutant; kept in a file, so that a run that was stopped goes on.
struct RunState: Codable {
    struct Result: Codable {
        enum Outcome: String, Codable { case killed, trapped, hung, survived, unreached }
        var outcome: Outcome
        /// Title of the test that killed it.
        var by: String?
        /// How long it took to find that out.
        var seconds: Double
        /// Slowest test that was tried, for survivors.
        var limit: Double

        var isKilled: Bool { outcome != .survived && outcome != .unreached }
    }

    var results: [String: Result] = [:]
    /// Fingerprints of the engine's files, by path, and of all tests.
    var sources: [String: String] = [:]
    var tests = ""
    var catalog = TestCatalog()
    /// Points that the compiler did not accept, with its words.
    var rejected: [String: String] = [:]

    static func load(_ file: URL) -> RunState {
        guard let bytes = FileManager.default.contents(atPath: file.path),
            let state = try? JSONDecoder().decode(RunState.self, from: bytes)
        else { return RunState() }
        return state
    }

    func save(_ file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try encoder.encode(self).write(to: file, options: .atomic)
    }

    /// What was found out about a file's mutants stands while the file is the same. Other tests:
    /// survivors are tried again, and a kill stands while the test that did it is there.
    mutating func adopt(sources newSources: [String: String], tests newTests: String) {
        let changed = Set(newSources.keys).union(sources.keys).filter {
            newSources[$0] != sources[$0]
        }
        let engine = "Sources/"
        results = results.filter { id, _ in
            !changed.contains(engine + id.prefix { $0 != "|" })
        }
        if !changed.isEmpty { rejected = [:] }
        if tests != newTests { results = results.filter { $0.value.isKilled } }
        sources = newSources
        tests = newTests
    }

    /// Forgets kills by tests that are gone.
    mutating func keepKills(by titles: Set<String>) {
        results = results.filter { _, result in
            guard result.outcome == .killed, let title = result.by else { return true }
            return titles.contains(title)
        }
    }
}

/// A number that changes with any byte of these files.
func fingerprint(of paths: [String], in root: URL) -> String {
    hash(
        of: paths.map { path in
            let content = FileManager.default.contents(atPath: root.appending(path: path).path)
            return path + "\0" + String(decoding: content ?? Data(), as: UTF8.self)
        }.joined())
}

func hash(of text: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return String(hash, radix: 16)
}

/// Which file a test is in, by the name of its suite.
struct TestFiles {
    private var hashes: [String: String] = [:]

    init(_ paths: [String], root: URL) {
        for path in paths where path.hasSuffix(".swift") {
            let name = path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
            hashes[String(name)] = fingerprint(of: [path], in: root)
        }
    }

    /// - Parameter id: as `EmakiLogTests.CoreCutTests/cuts()`; a suite is in a file of its name.
    func hash(ofTest id: String) -> String {
        let suite = id.prefix { $0 != "/" }.split(separator: ".").last ?? ""
        return hashes[String(suite), default: ""]
    }
}
