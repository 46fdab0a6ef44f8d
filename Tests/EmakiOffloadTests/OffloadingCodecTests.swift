import EmakiPlatform
import EmakiSimulation
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

@testable import EmakiOffload

/// A folder that goes away with its last reference, on a disk in memory.
struct PayloadFolder {
    let disk = SimulatedFileSystem()
    let storage: FolderPayloadStorage

    init() throws { storage = try FolderPayloadStorage(disk) }

    func names() throws -> [String] {
        try disk.list("").filter { $0 != FolderPayloadStorage.asideName }
    }

    /// Changes a file's bytes.
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try storage.get(name)
        try disk.remove(name)
        body(&bytes)
        let file = try disk.open(name, OpenMode(.mustBeNew))
        try bytes.withRawSpan { try file.write($0, at: 0) }
        try file.sync()
        file.close()
        try disk.syncFolder("")
    }
}

@Suite struct OffloadingCodecTests {
    static func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    @Test(
        "what is larger than the threshold is elsewhere, and nothing else", arguments: [-1, 0, 1])
    func threshold(beyond: Int) throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 100)
        // Two quotation marks.
        let value = Self.text(98 + beyond)
        let payload = try codec.encode(value)
        #expect(payload.bytes.isEmpty == (beyond > 0))
        #expect(try folder.names().count == (beyond > 0 ? 1 : 0))
        #expect(try codec.decode(String.self, from: payload) == value)
        #expect(payload.metadata["offloadBytes"] == (beyond > 0 ? "101" : nil))
        #expect(OffloadingCodec.thresholdBytes == 65_536)
    }

    @Test("bytes and nothing pass as with the other codec")
    func bytes() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 10)
        let bytes = [UInt8](0..<255)
        let payload = try codec.encode(bytes)
        #expect(payload.bytes.isEmpty && payload.metadata["encoding"] == "bytes")
        #expect(try codec.decode([UInt8].self, from: payload) == bytes)
        #expect(try codec.encode(Nothing()) == .empty)
        _ = try codec.decode(Nothing.self, from: .empty)
    }

    @Test(
        "the same content is kept once, whoever puts it, and other content of the same hash apart")
    func once() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 10)
        let first = try codec.encode(Self.text(50))
        let again = try OffloadingCodec(
            in: try FolderPayloadStorage(folder.disk), above: 10
        ).encode(Self.text(50))
        #expect(first == again)
        #expect(try folder.names().count == 1)
        #expect(try codec.encode(Self.text(51)) != first)
        // A file of the name that the first has, whose own hash is right, cannot be made here; one
        // whose hash is wrong is replaced.
        let name = try #require(try folder.names().first)
        try folder.change(name) { $0[0] ^= 1 }
        #expect(try codec.encode(Self.text(50)) == first)
        #expect(try codec.decode(String.self, from: first) == Self.text(50))
    }

    @Test("what is missing, cut, grown or changed is refused, by name")
    func damaged() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 10)
        let payload = try codec.encode(Self.text(50))
        let key = try #require(try folder.names().first)
        let whole = try folder.storage.get(key)
        let changes: [(inout [UInt8]) -> Void] = [
            { $0.removeLast() }, { $0.append(0) }, { $0[20] ^= 0x10 }, { $0 = [] },
        ]
        for change in changes {
            try folder.change(key, change)
            #expect(throws: OffloadError.damaged(key: key)) {
                try codec.decode(String.self, from: payload)
            }
            try folder.change(key) { $0 = whole }
        }
        try folder.disk.remove(key)
        #expect(throws: OffloadError.missing(key: key)) {
            try codec.decode(String.self, from: payload)
        }
    }

    @Test("a reference that makes no sense is refused, and leads nowhere")
    func references() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 10)
        let good = try codec.encode(Self.text(50)).metadata
        for (name, value) in [
            ("offload", "x"), ("offload", "offload:"), ("offload", "offload:../a"),
            ("offload", "offload:" + Self.text(201)), ("offloadBytes", "many"),
            ("offloadHash", "xyz"),
        ] {
            var metadata = good
            metadata[name] = value
            #expect(throws: OffloadError.unusableReference, "\(name) \(value)") {
                try codec.fetch(Payload([], metadata: metadata))
            }
        }
        for key in ["..", "unreferenced", "new-1-2", "0123456789abcdef", "", "a.b-c"] {
            #expect(throws: OffloadError.missing(key: key)) { try folder.storage.get(key) }
        }
    }

    @Test("hashes of inputs are of the clear form, wherever it is")
    func hashes() throws {
        let folder = try PayloadFolder()
        let large = try OffloadingCodec(in: folder.storage, above: 10).encodeInput(Self.text(50))
        let inline = try OffloadingCodec(in: folder.storage).encodeInput(Self.text(50))
        #expect(large.hash == inline.hash && large.payload != inline.payload)
        #expect(try JSONPayloadCodec().encodeInput(Self.text(50)).hash == inline.hash)
    }

    @Test("operators see key and size, or the whole if they may")
    func operators() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage, above: 10)
        let payload = try codec.encode(Self.text(50))
        var options = EngineOptions()
        options.offload(with: codec)
        let key = try #require(try folder.names().first)
        #expect(
            options.decodesForOperators?(payload)
                == Payload(text: #"{"bytes":52,"offloaded":"\#(key)"}"#))
        #expect(options.decodesForOperators?(Payload(text: "1")) == Payload(text: "1"))
        options.offload(with: codec, showsOperators: true)
        #expect(options.decodesForOperators?(payload)?.bytes.count == 52)
    }

    @Test("what put has answered is there after any power cut, and what it has not harms nobody")
    func powerCut() throws {
        let value = Self.text(5_000)
        for call in 1...40 {
            let folder = try PayloadFolder()
            let codec = OffloadingCodec(in: folder.storage, above: 10)
            let before = try codec.encode(value + "before")
            folder.disk.powerCut = .atCall(folder.disk.callCount + call)
            var acknowledged: Payload?
            do {
                acknowledged = try codec.encode(value)
            } catch let error as any UnreadablePayload {
                #expect("\(error)".contains("folder of payloads"))
            }
            folder.disk.cutPower()
            folder.disk.losePower { _ in .drop }
            let next = OffloadingCodec(in: try FolderPayloadStorage(folder.disk), above: 10)
            #expect(try next.decode(String.self, from: before) == value + "before")
            if let acknowledged {
                #expect(try next.decode(String.self, from: acknowledged) == value, "call \(call)")
            }
            let again = try next.encode(value)
            #expect(try next.decode(String.self, from: again) == value)
            if acknowledged != nil { return #expect(call > 3) }
        }
        Issue.record("the power was cut at each of 40 calls, and put never came to its end")
    }

    @Test("what somebody else left in the folder keeps nothing from being put, or removed")
    func strayFiles() async throws {
        let folder = try PayloadFolder()
        let stray = FolderPayloadStorage.asideName + "/.DS_Store"
        try folder.disk.open(stray, OpenMode(.mustBeNew)).close()
        try folder.disk.makeFolder(FolderPayloadStorage.asideName + "/notes")
        let key = try folder.storage.put([UInt8](repeating: 7, count: 100))
        #expect(try folder.storage.get(key).count == 100)
        let store = MemoryHistoryStore().session()
        let codec = OffloadingCodec(in: folder.storage)
        for now in [Int64(1), 10] {
            let survey = try await folder.storage.removeUnreferenced(
                in: store, codec: codec, after: 5, now: now)
            #expect(survey.setAside == (now == 1 ? [key] : []))
            #expect(survey.removed == (now == 1 ? [] : [key]))
        }
        #expect(try folder.disk.kind(of: stray) == .file)
    }

    @Test("whatever a storage throws is nobody's value's fault")
    func otherErrors() throws {
        struct Offline: Error {}
        struct Remote: PayloadStorage {
            func put(_ bytes: [UInt8]) throws -> String { throw Offline() }
            func get(_ key: String) throws -> [UInt8] { throw Offline() }
        }
        let codec = OffloadingCodec(in: Remote(), above: 10)
        #expect(throws: OffloadError.self) { try codec.encode(Self.text(100)) }
        let folder = try PayloadFolder()
        let reference = try OffloadingCodec(in: folder.storage, above: 10).encode(Self.text(100))
        #expect(throws: OffloadError.self) { try codec.decode(String.self, from: reference) }
    }

    @Test("keys are found wherever they are named in a value")
    func named() throws {
        let folder = try PayloadFolder()
        let codec = OffloadingCodec(in: folder.storage)
        struct Letter: Codable, Sendable {
            var metadata: [String: String]
            var numbers: [Int?]
            var texts: [[String]]
        }
        let letter = Letter(
            metadata: ["offload": "offload:a1-2", "offload:b": "x"], numbers: [1, nil, 3],
            texts: [[#"{\"offload\":\"offload:c-3\"}"#], [], ["offload:", "offload:d offload:e."]])
        let found = try codec.references(in: try JSONPayloadCodec().encode(letter))
        #expect(found.keys == ["a1-2", "b", "c-3", "d", "e."])
        #expect(found.payloads == [Payload([], metadata: letter.metadata)])
        #expect(try codec.references(in: Payload([0xff, 0xfe])).keys == [])
    }
}
