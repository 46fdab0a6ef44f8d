#if Encryption
    import Crypto
    import EmakiWorkflow

    /// Encrypts what another codec encodes: AES-GCM, keys of 256 bits, a nonce for each payload.
    ///
    ///     let keys = try KeyRing(current: "2026-12", keyBytes: ["2026-12": new, "2026-06": old])
    ///     options.encrypt(with: EncryptingCodec(keys: keys, domain: "bank"))
    ///
    /// A payload's bytes are the nonce (12 bytes, random), the encrypted bytes and metadata of the
    /// other codec's payload, and the tag (16 bytes). Its metadata are `encryption`, the scheme,
    /// and `key`, the key's id; both, and the domain, are authenticated. Not bound is where a
    /// payload is: the same one is in the histories of a child and of its parent.
    /// `Docs/encryption.md` says what stays readable.
    ///
    /// With random nonces, no more than 2^32 payloads should be encrypted with one key.
    public struct EncryptingCodec: PayloadCodec {
        /// Of payloads' metadata.
        static let schemeName = "encryption"
        static let keyName = "key"
        static let scheme = "A256GCM.1"
        /// Nonce and tag.
        static let overheadBytes = 28

        private let base: any PayloadCodec
        private let keys: KeyRing
        private let domain: String
        private let comparing: SymmetricKey?
        /// Payloads that are not encrypted are given to the other codec as they are: for a store
        /// that began without encryption. Who may write into the store may then put in what they
        /// like.
        public var acceptsClear = false

        /// - Parameters:
        ///   - base: encodes values.
        ///   - keys: the keys.
        ///   - domain: what the payloads belong to, a store or a customer: those of another domain
        ///     are not authentic here, though the key be the same.
        ///   - comparing: with it, inputs of activities are compared in replays by a keyed hash
        ///     (HMAC-SHA256, of which 64 bits are stored), as `EngineOptions.comparesInput` wants;
        ///     it must stay the same while runs are open. Nil: inputs are not compared.
        public init(
            _ base: any PayloadCodec = JSONPayloadCodec(), keys: KeyRing, domain: String = "",
            comparing: SymmetricKey? = nil
        ) {
            self.base = base
            self.keys = keys
            self.domain = domain
            self.comparing = comparing
        }

        // MARK: Values

        /// Encodes and encrypts. `Nothing` stays nothing.
        public func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
            let clear = try base.encode(value)
            return Value.self == Nothing.self ? clear : try seal(clear)
        }

        /// Decrypts and decodes.
        /// - Throws: `EncryptionError`; what the other codec throws.
        public func decode<Value: Decodable & Sendable>(
            _ type: Value.Type, from payload: Payload
        ) throws -> Value {
            // There is nothing in it that could be false.
            if payload == .empty, Nothing() is Value {
                return try base.decode(type, from: payload)
            }
            return try base.decode(type, from: open(payload))
        }

        /// The hash is of the clear form, and keyed: it is the same whatever the nonce, and tells
        /// nobody who has not the key what the input may be.
        public func encodeInput<Value: Encodable & Sendable>(
            _ value: Value
        ) throws -> (payload: Payload, hash: UInt64) {
            let clear = try base.encode(value)
            let payload = Value.self == Nothing.self ? clear : try seal(clear)
            guard let comparing else { return (payload, 0) }
            let code = HMAC<SHA256>.authenticationCode(
                for: ClearForm.bytes(of: clear), using: comparing)
            return (payload, code.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        }

        // MARK: Payloads

        /// Encrypts a payload with the current key.
        public func seal(_ clear: Payload) throws -> Payload {
            let box = try AES.GCM.seal(
                ClearForm.bytes(of: clear), using: keys.current,
                authenticating: bound(to: keys.currentID))
            return Payload(
                Array(box.nonce) + Array(box.ciphertext) + Array(box.tag),
                metadata: [Self.schemeName: Self.scheme, Self.keyName: keys.currentID])
        }

        /// Decrypts a payload, with whichever key it was encrypted.
        /// - Throws: why it cannot be.
        public func open(_ payload: Payload) throws(EncryptionError) -> Payload {
            guard let scheme = payload.metadata[Self.schemeName] else {
                guard acceptsClear else { throw .notEncrypted }
                return payload
            }
            guard scheme == Self.scheme else { throw .unknownScheme(scheme) }
            guard let id = payload.metadata[Self.keyName],
                payload.bytes.count >= Self.overheadBytes
            else { throw .damaged }
            let key = try keys.key(id)
            let clear: [UInt8]
            do {
                let box = try AES.GCM.SealedBox(combined: payload.bytes)
                clear = Array(try AES.GCM.open(box, using: key, authenticating: bound(to: id)))
            } catch {
                throw .notAuthentic(key: id)
            }
            return try ClearForm.payload(of: clear)
        }

        /// What is authenticated beside the bytes.
        private func bound(to keyID: String) -> [UInt8] {
            var bytes: [UInt8] = []
            for text in [Self.scheme, keyID, domain] { ClearForm.put(text, into: &bytes) }
            return bytes
        }
    }

    extension EngineOptions {
        /// Encrypts all payloads of an engine, and what commands of an operator give it.
        /// - Parameter showsOperators: what `emaki workflow` shows while this process has the store
        ///   is decrypted. Otherwise payloads are shown as they are stored.
        public mutating func encrypt(with codec: EncryptingCodec, showsOperators: Bool = false) {
            self.codec = codec
            encodesForOperators = { try codec.seal($0) }
            decodesForOperators = nil
            if showsOperators { decodesForOperators = { payload in try? codec.open(payload) } }
        }
    }
#endif
