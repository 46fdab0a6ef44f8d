import EmakiWorkflow
import Testing

/// What the two codecs read, also of what earlier versions wrote.
@Suite struct PayloadCodecTests {
    private let json = JSONPayloadCodec()
    private let bytes = BytesPayloadCodec()

    @Test("values come back, bytes as they are")
    func roundTrips() throws {
        #expect(try json.decode([UInt8].self, from: json.encode([1, 2] as [UInt8])) == [1, 2])
        #expect(try json.encode([1, 2] as [UInt8]).bytes == [1, 2])
        #expect(try json.decode([UInt8].self, from: json.encode([] as [UInt8])) == [])
        #expect(try json.decode([String].self, from: json.encode([] as [String])) == [])
        #expect(try json.decode([String].self, from: json.encode(["a"])) == ["a"])
        #expect(try json.encode([] as [String]).bytes == Array("[]".utf8))
        #expect(try json.encode(Nothing()) == .empty)
        #expect(try json.decode(Nothing.self, from: .empty) == Nothing())
        #expect(try json.decode(Int?.self, from: json.encode(nil as Int?)) == nil)
        #expect(try bytes.decode([UInt8].self, from: bytes.encode([7] as [UInt8])) == [7])
        #expect(throws: BytesPayloadCodec.NotBytes.self) { _ = try bytes.encode("text") }
        #expect(throws: BytesPayloadCodec.NotBytes.self) {
            _ = try bytes.decode(String.self, from: Payload([7]))
        }
    }

    @Test("who declares an optional reads what was sent without")
    func optionals() throws {
        let sent = try json.encode([1, 2] as [UInt8])
        #expect(try json.decode([UInt8]?.self, from: sent) == [1, 2])
        #expect(try json.decode(Nothing?.self, from: json.encode(Nothing())) == Nothing())
        let some: [UInt8]? = [3]
        #expect(try bytes.decode([UInt8]?.self, from: bytes.encode(some)) == [3])
    }

    @Test("an empty array of other things that was once written as bytes is read")
    func emptyArrays() throws {
        let written = Payload([], metadata: ["encoding": "bytes"])
        #expect(try json.decode([String].self, from: written) == [])
        #expect(try json.decode([Int].self, from: written) == [])
        #expect(try json.decode([UInt8].self, from: written) == [])
        #expect(throws: (any Error).self) { try json.decode(Int.self, from: written) }
    }
}
