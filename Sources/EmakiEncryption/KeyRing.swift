#if Encryption
    import Crypto
    import EmakiWorkflow

    /// Keys by their ids: one with which payloads are encrypted now, and all with which they may
    /// have been.
    ///
    /// To rotate, give every process that reads the store the new key first, beside the old ones;
    /// then make it the current one. An old key is needed as long as a payload of it is in the
    /// store.
    public struct KeyRing: Sendable {
        /// Of an id, in UTF-8.
        public static let idBytesMax = 200

        /// With which payloads are encrypted.
        public let currentID: String
        let current: SymmetricKey
        private let keys: [String: SymmetricKey]

        /// - Parameters:
        ///   - current: the id of the key that is used now.
        ///   - keys: keys of 256 bits, by their ids.
        /// - Throws: `unusableKey`; `unknownKey` if the current one is not among them.
        public init(
            current: String, keys: [String: SymmetricKey]
        ) throws(EncryptionError) {
            for (id, key) in keys {
                guard key.bitCount == 256, !id.isEmpty, id.utf8.count <= Self.idBytesMax else {
                    throw .unusableKey(id)
                }
            }
            guard let key = keys[current] else { throw .unknownKey(current) }
            currentID = current
            self.current = key
            self.keys = keys
        }

        /// - Parameter keyBytes: 32 bytes for each key, of a good random generator.
        /// - Throws: as the other.
        public init(
            current: String, keyBytes: [String: [UInt8]]
        ) throws(EncryptionError) {
            try self.init(current: current, keys: keyBytes.mapValues { SymmetricKey(data: $0) })
        }

        func key(_ id: String) throws(EncryptionError) -> SymmetricKey {
            guard let key = keys[id] else { throw .unknownKey(id) }
            return key
        }
    }
#endif
