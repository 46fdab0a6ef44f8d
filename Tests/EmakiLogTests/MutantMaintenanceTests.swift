import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// What sealing, merging, purging and forgetting owe to a log that cannot do them: an answer.
@Suite struct MutantMaintenanceTests {
    /// Each of them, and what it says.
    private static func answers(of log: EventLog) async -> [LogError?] {
        func answer(_ body: () async throws(LogError) -> Void) async -> LogError? {
            do throws(LogError) {
                try await body()
                return nil
            } catch {
                return error
            }
        }
        return [
            await answer { () async throws(LogError) in try await log.seal() },
            await answer { () async throws(LogError) in try await log.seal(all: true) },
            await answer { () async throws(LogError) in try await log.merge() },
            await answer { () async throws(LogError) in
                try await log.committer.rewrite(1)
            },
            await answer { () async throws(LogError) in try await log.purge("a") },
            await answer { () async throws(LogError) in try await log.forget("a") },
        ]
    }

    private static func filled() async throws -> (ShellStore, EventLog) {
        let store = try ShellStore()
        let log = try store.open { $0.sealsInBackground = false }
        try await log.append(Event(type: "T"), to: "a")
        try await log.delete("a")
        try await log.append(Event(type: "T"), to: "b")
        return (store, log)
    }

    @Test("a closed log, a poisoned one and one for reading say so, and nobody waits")
    func refused() async throws {
        let (store, log) = try await Self.filled()
        store.disk.failDurableWrites()
        await #expect(throws: LogError.outcomeUnknown) {
            try await log.append(Event(type: "T"), to: "b")
        }
        store.disk.mendDurableWrites()
        #expect(await Self.answers(of: log) == Array(repeating: .poisoned, count: 6))
        await log.close()
        #expect(await Self.answers(of: log) == Array(repeating: .closed, count: 6))
        let reader = try store.open { $0.isReadOnly = true }
        #expect(await Self.answers(of: reader) == Array(repeating: .readOnly, count: 6))
        await reader.close()
    }

    @Test("a log that was opened for reading leaves what earlier stops left of files")
    func leftovers() async throws {
        let (store, log) = try await Self.filled()
        try await log.seal(all: true)
        await log.close()
        let leftover = store.path + "/sealed/00000099.new"
        #expect(FileManager.default.createFile(atPath: leftover, contents: Data([1])))
        let reader = try store.open { $0.isReadOnly = true }
        #expect(try reader.version(of: "b") == 1)
        await reader.close()
        #expect(FileManager.default.fileExists(atPath: leftover))
        let writer = try store.open()
        try await writer.seal()
        await writer.close()
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }
}
