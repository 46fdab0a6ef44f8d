import Foundation
import Testing

@Suite("emaki forget")
struct ForgetCommandTests {
    /// `gone` and `old` are deleted, with events in a sealed file and in a segment; `kept` is not.
    private func store() throws -> TestStore {
        let store = try TestStore()
        for stream in ["gone", "kept", "old"] {
            for number in 1...2 { try store.append(stream, "\(number)") }
        }
        try #require(Command.run("seal", store.path).status == 0)
        try store.append("gone", "3")
        for stream in ["gone", "old"] {
            try #require(Command.run("delete", store.path, stream).status == 0)
        }
        return store
    }

    /// An append that is made only if the stream was never written.
    private func start(_ stream: String, _ store: TestStore) throws -> CommandResult {
        try Command.run(
            "append", store.path, stream, "--type", "T", "--payload", "new", "--expecting", "none",
            "--json")
    }

    @Test("a deleted stream is as if it had never been written, and the others stay")
    func forgets() throws {
        let store = try store()
        #expect(try start("gone", store).status == 3, "it was not deleted before")
        let result = try Command.run("forget", store.path, "gone")
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.lines == [
                "forgotten: 1 of 1 streams",
                "1 streams are left of which something was removed",
            ])
        let first = try start("gone", store)
        #expect(first.status == 0, "\(first.errors)")
        #expect(try first.object()["version"] as? Int == 1)
        #expect(try start("old", store).status == 3, "it was not asked for")
        let streams = try store.export().objects().compactMap { $0["stream"] as? String }
        #expect(streams.sorted() == ["gone", "kept", "kept"])
        #expect(try Command.run("verify", store.path).lines.last == "sound")
    }

    @Test("several at once, with one that was never written and one twice, are counted in JSON")
    func json() throws {
        let store = try store()
        let result = try Command.run(
            "forget", store.path, "gone", "never", "old", "gone", "--json")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.count == 1)
        let object = try result.object()
        #expect(object["forgotten"] as? Int == 2)
        #expect(object["removedStreams"] as? Int == 0)
        #expect(Set(object.keys) == ["forgotten", "removedStreams"])
        let again = try Command.run("forget", store.path, "gone", "old", "--json")
        #expect(again.status == 0)
        #expect(try again.object()["forgotten"] as? Int == 0)
    }

    @Test("a stream that is not deleted is refused by name, and with it those beside it")
    func notDeleted() throws {
        let store = try store()
        let before = try store.export().output
        let result = try Command.run("forget", store.path, "gone", "kept", "--json")
        #expect(result.status == 3)
        #expect(result.output.isEmpty)
        let error = try result.error()
        #expect(error["code"] as? String == "notDeleted")
        #expect(error["stream"] as? String == "kept")
        #expect(error["version"] as? Int == 2)
        let plain = try Command.run("forget", store.path, "kept")
        #expect(plain.status == 3)
        #expect(plain.errors.contains("kept"))
        #expect(try store.export().output == before)
        #expect(try start("gone", store).status == 3)
    }

    @Test("what is no stream, no store, or not enough is refused before anything is done")
    func wrongInput() throws {
        let store = try store()
        let contents = try store.contents()
        #expect(try Command.run("forget", store.path).status == 64)
        #expect(try Command.run("forget").status == 64)
        #expect(try Command.run("forget", store.path, "gone", "--no-such-option").status == 64)
        for wrong in ["", String(repeating: "s", count: 256)] {
            let result = try Command.run("forget", store.path, "gone", wrong, "--json")
            #expect(result.status == 64, "\(result.errors)")
            #expect(result.output.isEmpty)
        }
        #expect(try store.contents() == contents)
        let absent = try Command.run("forget", store.path + "-absent", "gone", "--json")
        #expect(absent.status == 4)
        #expect(try absent.error()["code"] as? String == "notAStore")
    }

    @Test("a store that another process has open is left to it")
    func locked() throws {
        let store = try store()
        let owner = try StoreOwnerProcess(store)
        try owner.append("kept", payload: "3")
        let result = try Command.run("forget", store.path, "gone", "--json")
        #expect(result.status == 5)
        #expect(try result.error()["code"] as? String == "locked")
        try owner.end()
        #expect(try start("gone", store).status == 3)
    }

    @Test("the help lists it")
    func help() throws {
        #expect(try Command.run("--help").output.contains("  forget "))
        #expect(try Command.run("forget", "--help").output.contains("emaki forget orders.emaki"))
    }
}
