#if Encryption
    import EmakiEncryption
    import EmakiWorkflow
    import EmakiWorkflowTesting
    import Testing

    @testable import EmakiOffload

    /// Large payloads that are encrypted and elsewhere.
    @Suite struct OffloadedEncryptionTests {
        static let secret = String(repeating: "secret ", count: 100)

        private func encrypting(_ base: any PayloadCodec) throws -> EncryptingCodec {
            let keys = try KeyRing(
                current: "a", keyBytes: ["a": [UInt8](repeating: 1, count: 32)])
            return EncryptingCodec(base, keys: keys, domain: "test")
        }

        @Test("around the encrypting codec what is elsewhere is encrypted, and comes back")
        func outside() async throws {
            let folder = try PayloadFolder()
            let codec = OffloadingCodec(
                try encrypting(JSONPayloadCodec()), in: folder.storage, above: 100)
            let payload = try codec.encode(Self.secret)
            #expect(payload.bytes.isEmpty && payload.metadata["key"] == "a")
            let name = try #require(try folder.names().first)
            let bytes = String(decoding: try folder.storage.get(name), as: UTF8.self)
            #expect(!bytes.contains("secret"))
            #expect(try codec.decode(String.self, from: payload) == Self.secret)
            // References inside of encrypted values are found.
            let nested = try codec.encode(payload.metadata)
            #expect(nested.metadata["offload"] != nil)
            let inner = try codec.keysInside(try codec.fetch(nested))
            #expect(inner == [name])
        }

        @Test("inside of the encrypting codec it works, but hides what is referred to")
        func inside() async throws {
            let folder = try PayloadFolder()
            let codec = try encrypting(OffloadingCodec(in: folder.storage, above: 100))
            let payload = try codec.encode(Self.secret)
            #expect(payload.metadata["offload"] == nil)
            #expect(try codec.decode(String.self, from: payload) == Self.secret)
            await #expect(throws: OffloadError.hiddenReferences) {
                try await folder.storage.removeUnreferenced(
                    in: MemoryHistoryStore().session(), codec: codec)
            }
        }
    }
#endif
