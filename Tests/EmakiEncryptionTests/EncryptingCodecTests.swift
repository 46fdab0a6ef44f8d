#if Encryption
    import Crypto
    import EmakiWorkflow
    import Testing

    @testable import EmakiEncryption

    /// What the codec makes of values, and of bytes that are not its own.
    @Suite struct EncryptingCodecTests {
        private let old = [UInt8](repeating: 1, count: 32)
        private let new = [UInt8](repeating: 2, count: 32)

        private func codec(
            _ current: String = "new", _ ids: [String] = ["old", "new"], domain: String = "",
            comparing: SymmetricKey? = nil, base: any PayloadCodec = JSONPayloadCodec()
        ) throws -> EncryptingCodec {
            let all = ["old": old, "new": new]
            return EncryptingCodec(
                base,
                keys: try KeyRing(current: current, keyBytes: all.filter { ids.contains($0.key) }),
                domain: domain, comparing: comparing)
        }

        @Test("values come back, and nothing of them is in the payload")
        func roundTrip() throws {
            let codec = try codec()
            let text = "a rather long and quite secret text"
            let payload = try codec.encode(text)
            #expect(try codec.decode(String.self, from: payload) == text)
            #expect(payload.metadata == ["encryption": "A256GCM.1", "key": "new"])
            #expect(payload.bytes.count == text.utf8.count + 2 + 4 + 28)
            let found = payload.bytes.indices.dropLast(8).contains {
                Array(payload.bytes[$0..<$0 + 8]) == Array("a rather".utf8)
            }
            #expect(!found)
            let bytes: [UInt8] = [0, 255, 3]
            let raw = try codec.encode(bytes)
            // That they are bytes is not told either.
            #expect(raw.metadata["encoding"] == nil)
            #expect(try codec.decode([UInt8].self, from: raw) == bytes)
            #expect(try codec.decode([UInt8].self, from: codec.encode([UInt8]())) == [])
            #expect(try codec.encode(Nothing()) == .empty)
            #expect(try codec.decode(Nothing.self, from: .empty) == Nothing())
            #expect(try codec.decode(Nothing?.self, from: .empty) == Nothing())
            #expect(try codec.decode(Int?.self, from: codec.encode(nil as Int?)) == nil)
        }

        @Test("equal values have other bytes each time")
        func nonces() throws {
            let codec = try codec()
            let payloads = try (0..<1_000).map { _ in try codec.encode(7).bytes }
            #expect(Set(payloads.map { Array($0.prefix(12)) }).count == 1_000)
            #expect(Set(payloads).count == 1_000)
        }

        @Test("after a rotation the old key's payloads are read, until it is taken away")
        func rotation() throws {
            let before = try codec("old").encode("x")
            #expect(before.metadata["key"] == "old")
            #expect(try codec("new").decode(String.self, from: before) == "x")
            #expect(throws: EncryptionError.unknownKey("old")) {
                try codec("new", ["new"]).decode(String.self, from: before)
            }
        }

        @Test("each changed bit and each cut is noticed, and traps nowhere")
        func damage() throws {
            let codec = try codec()
            let payload = try codec.encode("some text")
            for index in payload.bytes.indices {
                for bit in 0..<8 {
                    var damaged = payload
                    damaged.bytes[index] ^= 1 << UInt8(bit)
                    #expect(throws: EncryptionError.notAuthentic(key: "new")) {
                        try codec.open(damaged)
                    }
                }
            }
            for count in 0..<payload.bytes.count {
                var damaged = payload
                damaged.bytes.removeLast(payload.bytes.count - count)
                #expect(
                    throws: count < 28
                        ? EncryptionError.damaged : EncryptionError.notAuthentic(key: "new")
                ) { try codec.open(damaged) }
            }
            var longer = payload
            longer.bytes.append(0)
            #expect(throws: EncryptionError.notAuthentic(key: "new")) { try codec.open(longer) }
        }

        @Test("key id, scheme and domain are authenticated, and must be there")
        func bound() throws {
            // The same key under two ids.
            let twice = EncryptingCodec(
                keys: try KeyRing(current: "a", keyBytes: ["a": old, "b": old]), domain: "bank")
            var payload = try twice.encode(1)
            payload.metadata["key"] = "b"
            #expect(throws: EncryptionError.notAuthentic(key: "b")) { try twice.open(payload) }
            payload.metadata["key"] = nil
            #expect(throws: EncryptionError.damaged) { try twice.open(payload) }
            payload.metadata = ["encryption": "A256GCM.2", "key": "a"]
            #expect(throws: EncryptionError.unknownScheme("A256GCM.2")) { try twice.open(payload) }
            let other = EncryptingCodec(
                keys: try KeyRing(current: "a", keyBytes: ["a": old]), domain: "shop")
            #expect(throws: EncryptionError.notAuthentic(key: "a")) {
                try other.decode(Int.self, from: twice.encode(1))
            }
        }

        @Test("what is not encrypted is refused, unless clear payloads are accepted")
        func clear() throws {
            var codec = try codec()
            let payload = try JSONPayloadCodec().encode(5)
            #expect(throws: EncryptionError.notEncrypted) {
                try codec.decode(Int.self, from: payload)
            }
            #expect(throws: EncryptionError.notEncrypted) {
                try codec.decode([UInt8].self, from: .empty)
            }
            codec.acceptsClear = true
            #expect(try codec.decode(Int.self, from: payload) == 5)
            #expect(try codec.decode(Int.self, from: codec.encode(6)) == 6)
        }

        @Test(
            "a key ring takes keys of 256 bits with ids of 1 to 200 bytes, and needs a current one")
        func keyRing() throws {
            for count in [0, 16, 31, 33] {
                #expect(throws: EncryptionError.unusableKey("a")) {
                    try KeyRing(current: "a", keyBytes: ["a": [UInt8](repeating: 0, count: count)])
                }
            }
            #expect(throws: EncryptionError.unknownKey("b")) {
                try KeyRing(current: "b", keyBytes: ["a": old])
            }
            for (count, isTaken) in [(0, false), (1, true), (200, true), (201, false)] {
                let id = String(repeating: "k", count: count)
                let ring = try? KeyRing(current: id, keyBytes: [id: old])
                #expect((ring != nil) == isTaken)
            }
        }

        @Test("what was encrypted by somebody who has the key, and is not a clear form, is damaged")
        func clearForms() throws {
            let payload = Payload([1, 2, 3], metadata: ["a": "b", "": "ä", "z": ""])
            let bytes = ClearForm.bytes(of: payload)
            #expect(try ClearForm.payload(of: bytes) == payload)
            // Cut before its bytes: always too short, at any place.
            for count in 0..<(bytes.count - 3) {
                #expect(throws: EncryptionError.damaged) {
                    try ClearForm.payload(of: Array(bytes.prefix(count)))
                }
            }
            for hostile: [UInt8] in [
                [255, 255, 255, 255], [1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0],
                [1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0, 0, 0, 0],
                [1, 0, 0, 0, 1, 0, 0, 0, 0x61, 2, 0, 0, 0, 0x62],
            ] {
                #expect(throws: EncryptionError.damaged) { try ClearForm.payload(of: hostile) }
            }
        }

        @Test("hashes of inputs are of the clear form, and tell nothing without the key")
        func hashes() throws {
            let key = SymmetricKey(data: [UInt8](repeating: 9, count: 32))
            let codec = try codec(comparing: key)
            let first = try codec.encodeInput("x")
            let again = try codec.encodeInput("x")
            #expect(first.hash == again.hash)
            #expect(first.payload.bytes != again.payload.bytes)
            #expect(try codec.encodeInput("y").hash != first.hash)
            // Also after a rotation.
            #expect(try self.codec("old", comparing: key).encodeInput("x").hash == first.hash)
            #expect(try JSONPayloadCodec().encodeInput("x").hash != first.hash)
            let other = SymmetricKey(data: [UInt8](repeating: 8, count: 32))
            #expect(try self.codec(comparing: other).encodeInput("x").hash != first.hash)
            #expect(try self.codec().encodeInput("x").hash == 0)
        }
    }
#endif
