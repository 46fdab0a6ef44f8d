#if Encryption
    import EmakiWorkflow

    /// What is encrypted of a payload: the number of its metadata; for each of them, in the order
    /// of their names, the length and the UTF-8 of name and value; and then its bytes. Numbers are
    /// of four bytes, the lowest first.
    enum ClearForm {
        static func bytes(of payload: Payload) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(payload.bytes.count + 4)
            put(payload.metadata.count, into: &bytes)
            for (name, value) in payload.metadata.sorted(by: { $0.key < $1.key }) {
                put(name, into: &bytes)
                put(value, into: &bytes)
            }
            bytes += payload.bytes
            return bytes
        }

        static func put(_ text: String, into bytes: inout [UInt8]) {
            put(text.utf8.count, into: &bytes)
            bytes += text.utf8
        }

        private static func put(_ number: Int, into bytes: inout [UInt8]) {
            var number = UInt32(clamping: number)
            for _ in 0..<4 {
                bytes.append(UInt8(truncatingIfNeeded: number))
                number >>= 8
            }
        }

        static func payload(of bytes: [UInt8]) throws(EncryptionError) -> Payload {
            var rest = bytes[...]
            var metadata: [String: String] = [:]
            // Each takes eight bytes at least, so too many end where the bytes do.
            for _ in 0..<(try number(&rest)) {
                let name = try text(&rest)
                metadata[name] = try text(&rest)
            }
            return Payload(Array(rest), metadata: metadata)
        }

        private static func number(_ rest: inout ArraySlice<UInt8>) throws(EncryptionError) -> Int {
            guard rest.count >= 4 else { throw .damaged }
            let number = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            return number
        }

        private static func text(
            _ rest: inout ArraySlice<UInt8>
        ) throws(EncryptionError) -> String {
            let count = try number(&rest)
            guard count <= rest.count,
                let text = String(validating: rest.prefix(count), as: UTF8.self)
            else { throw .damaged }
            rest = rest.dropFirst(count)
            return text
        }
    }
#endif
