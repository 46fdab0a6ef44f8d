import EmakiLog
import EmakiOffload
import EmakiWorkflow
import Foundation
import Testing

/// Payloads of a real store, in a real folder.
@Suite struct OffloadedStoreTests {
    enum Echo: Workflow {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            try await context.step("echo") { _ in input + "!" }
        }
    }

    @Test("on a disk: an engine puts large payloads into the folder, and what is orphaned goes")
    func disk() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "emaki-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: folder) } catch {} }
        let payloads = folder.appending(path: "payloads").path
        let large = String(repeating: "large ", count: 20_000)
        var options = EngineOptions()
        options.offload(with: OffloadingCodec(in: try FolderPayloadStorage(at: payloads)))
        let codec = options.codec
        let log = try await EventLog.open(
            at: folder.appending(path: "store").path,
            .creating(StoreOptions(segmentBytes: 128 << 10)))
        let engine = try await WorkflowEngine(log: log, workflows: [Echo.self], options: options)
        #expect(try await engine.execute(Echo.self, id: "e", large) == large + "!")
        // The segments would not have held it; the input, and one result for step and run.
        #expect(try names(payloads).count == 2)

        let storage = try FolderPayloadStorage(at: payloads)
        let orphan = try storage.put([UInt8](repeating: 1, count: 70_000))
        let store = EventLogStore(log)
        #expect(try await storage.unreferenced(in: store, codec: codec) == [orphan])
        let first = try await storage.removeUnreferenced(in: store, codec: codec)
        #expect(first.setAside == [orphan] && first.referencedCount == 2)
        #expect(try storage.get(orphan).count == 70_000)
        #expect(try names(payloads).count == 2)
        let second = try await storage.removeUnreferenced(in: store, codec: codec, after: 0)
        #expect(second.removed == [orphan] && second.missing == [])
        #expect(throws: OffloadError.missing(key: orphan)) { try storage.get(orphan) }
        let left = try FileManager.default.contentsOfDirectory(atPath: payloads + "/unreferenced")
        #expect(left.isEmpty)
        engine.close()
        await log.close()
    }

    @Test("a folder in a place that is not there is refused, with the reason")
    func nowhere() {
        #expect(throws: OffloadError.self) {
            try FolderPayloadStorage(at: "/dev/null/payloads")
        }
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0 != "unreferenced" }
    }
}
