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
    var sources = ""
    var tests = ""
    var catalog = TestCatalog()
    /// Ids of the mutants that the catalog knows.
    var points: [String] = []
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

    /// Other sources: nothing is known any more. Other tests: survivors are tried again, and a kill
    /// stands while the test that did it is there.
    mutating func adopt(sources newSources: String, tests newTests: String) {
        if sources != newSources {
            results = [:]
            rejected = [:]
            catalog = TestCatalog()
        }
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
func fingerprint(of files: [URL]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for file in files {
        let name = Array(file.path.utf8)
        for byte in name + [0] + Array(FileManager.default.contents(atPath: file.path) ?? Data()) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }
    return String(hash, radix: 16)
}
