#if Encryption
    import EmakiWorkflow

    /// Why a payload could not be read, or a key not be used. A run that comes upon one waits, and
    /// takes it for nobody's failure: see `UnreadablePayload`.
    public enum EncryptionError: UnreadablePayload, Equatable {
        /// The payload was encrypted with a key of this id, which the key ring does not have. Add
        /// it, and resume what rests.
        case unknownKey(String)
        /// The payload, its key's id or its scheme was changed, or it was made for another domain.
        case notAuthentic(key: String)
        /// The payload is not encrypted, and `EncryptingCodec.acceptsClear` is off.
        case notEncrypted
        /// The payload was encrypted in a way that this version does not know.
        case unknownScheme(String)
        /// What was decrypted is not what this codec encrypts, or is too short to be.
        case damaged
        /// A key that was given is not of 256 bits, or its id is empty or longer than 200 bytes.
        case unusableKey(String)
    }
#endif
