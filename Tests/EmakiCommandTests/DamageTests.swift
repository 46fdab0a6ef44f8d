import EmakiLog
import Foundation
import Testing

@Suite("the command on a damaged store")
struct DamageTests {
    private static let segment = "wal/00000000"

    /// Made once, and copied for each test.
    private static let sound = Result {
        let store = try TestStore()
        for number in 1...4 { try store.append("s\(number % 2)", "{\"n\":\(number)}") }
        return store
    }

    private func store() throws -> TestStore { try TestStore(copying: Self.sound.get()) }

    /// Where the first event's payload is: its text is nowhere else.
    private func flipFirstEvent(_ store: TestStore) throws {
        try store.change(Self.segment) { bytes in
            let place = try #require(bytes.range(of: Data("{\"n\":1}".utf8)))
            bytes[place.lowerBound] ^= 1
        }
    }

    @Test("a flipped bit is found, named with its place, and refused; nothing changes")
    func flipped() throws {
        let store = try store()
        try flipFirstEvent(store)
        let before = try store.contents()
        let read = try Command.run("read", store.path, "--json")
        #expect(read.status == 7)
        #expect(try read.error()["code"] as? String == "corrupt")
        #expect(try read.error()["file"] as? String == Self.segment)
        let append = try Command.run(
            "append", store.path, "a", "--type", "T", "--payload", "x")
        #expect(append.status == 7)
        let verified = try Command.run("verify", store.path)
        #expect(verified.status == 1)
        #expect(verified.output.contains("DAMAGED: \(Self.segment) at byte "))
        let inspected = try Command.run("inspect", store.path)
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("TORN PAYLOAD"))
        let whole = try Command.run("export", store.path, "--damaged")
        #expect(whole.status == 0)
        #expect(whole.lines.count == 3)
        #expect(try store.contents() == before)
    }

    @Test("what is whole of a damaged store makes a new one, as the operations guide says")
    func salvage() throws {
        let store = try store()
        try flipFirstEvent(store)
        let saved = Array(try Command.run("export", store.path, "--damaged").output.utf8)
        let new = try TestStore()
        for expected in ["3 imported, 0 already there", "0 imported, 3 already there"] {
            let result = try Command.run(
                "import", new.path, "-", "--close-gaps", input: saved)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains(expected), "\(result.output)")
        }
        #expect(try Command.run("streams", new.path).lines == ["2  s0", "1  s1"])
    }

    @Test("repair asks, and after a yes the store opens and names what is lost")
    func repair() throws {
        let store = try store()
        try flipFirstEvent(store)
        let before = try store.contents()
        let declined = try Command.run("repair", store.path, input: Array("no\n".utf8))
        #expect(declined.status == 64)
        #expect(declined.errors.contains("Type yes to go on"))
        #expect(try store.contents() == before)

        let repaired = try Command.run("repair", store.path, input: Array("yes\n".utf8))
        #expect(repaired.status == 0, "\(repaired.errors)")
        #expect(repaired.output.contains("copy kept: "))
        #expect(try Command.run("verify", store.path).status == 0)
        #expect(try store.export().lines.count == 3)
        let lost = try Command.run("read", store.path, "s1")
        #expect(lost.status == 7)
        #expect(lost.errors.contains("was lost to damage"))
        try store.append("a", "x")
        #expect(try Command.run("inspect", store.path).output.contains("loss: up to group "))

        let again = try Command.run("repair", store.path, "--yes")
        #expect(again.status == 0)
        #expect(again.output.contains("nothing to repair"))
    }

    @Test("a truncated segment is named with both sizes", arguments: [0, 1, 4096, 131_071])
    func truncated(byteCount: Int) throws {
        let store = try store()
        try store.change(Self.segment) { $0 = $0.prefix(byteCount) }
        try expectBeyondRepair(store, sentence: "\(byteCount) bytes long instead of 131072")
        let inspected = try Command.run("inspect", store.path)
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("the file has \(byteCount) bytes instead of 131072"))
    }

    @Test("a deleted segment is named")
    func deleted() throws {
        let store = try store()
        try FileManager.default.removeItem(atPath: store.path + "/" + Self.segment)
        try expectBeyondRepair(store, sentence: "missingFile")
        let inspected = try Command.run("inspect", store.path)
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("DAMAGED: the file is missing"))
    }

    private func expectBeyondRepair(_ store: TestStore, sentence: String) throws {
        let before = try store.contents()
        for command in ["read", "stats", "export", "streams"] {
            let result = try Command.run(command, store.path)
            #expect(result.status == 7, "\(command)")
            #expect(result.errors.contains(Self.segment), "\(result.errors)")
            #expect(result.errors.contains(sentence), "\(result.errors)")
        }
        let verified = try Command.run("verify", store.path, "--json")
        #expect(verified.status == 1)
        #expect(try verified.object()["ok"] as? Bool == false)
        let repaired = try Command.run("repair", store.path, "--yes", "--json")
        #expect(repaired.status == 7)
        #expect(try repaired.error()["code"] as? String == "beyondRepair")
        #expect(try repaired.error()["file"] as? String == Self.segment)
        #expect(try Command.run("export", store.path, "--damaged").status == 0)
        #expect(try store.contents() == before)
    }

    @Test(
        "without STORE or MANIFEST, inspect still says what it can",
        arguments: ["STORE", "MANIFEST"])
    func twins(file: String) throws {
        let store = try store()
        try store.change(file) { $0 = Data(count: $0.count) }
        #expect(try Command.run("read", store.path).status == 7)
        let inspected = try Command.run("inspect", store.path)
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("\(file): DAMAGED: \(file) at byte 0"))
    }

    @Test("looking at a store survives any damage", arguments: 0..<40 as Range<UInt64>)
    func anyDamage(seed: UInt64) throws {
        let store = try store()
        var random = SeededGenerator(seed: seed)
        let file = ["STORE", "MANIFEST", Self.segment, Self.segment].randomElement(using: &random)
        try store.change(try #require(file)) { bytes in
            for _ in 0..<Int.random(in: 1...64, using: &random) {
                // Mostly where something is: the first frames, the headers.
                let end = Bool.random(using: &random) ? bytes.count : min(bytes.count, 90_000)
                bytes[Int.random(in: 0..<end, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
        }
        var segments: [SegmentInspection] = []
        try StoreInspection.withStore(at: store.path) { inspection in
            try inspection.forEachSegment(.init(hexBytes: 64)) { segments.append($0) }
            #expect(inspection.manifest != nil || segments.isEmpty, "seed \(seed)")
        }
        #expect(try [0, 1, 7].contains(Command.run("verify", store.path).status), "seed \(seed)")
    }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
