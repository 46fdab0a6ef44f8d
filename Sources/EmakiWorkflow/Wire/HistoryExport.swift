/// A history as bytes, to be kept beside the code and replayed with later versions of it.
///
/// The text `EMAKIHISTORY1`, then for each event the length of its fields, the fields, the length
/// of its payload, and the payload; lengths are varints as in `History/HistoryFields.swift`, fields
/// and payload are as the log has them.
public enum HistoryExport {
    private static let magic = Array("EMAKIHISTORY1".utf8)

    /// A history's bytes.
    public static func bytes(of history: [HistoryEvent]) -> [UInt8] {
        var writer = FieldWriter()
        for event in history {
            let stored = event.stored()
            writer.varint(UInt64(stored.metadata.count))
            writer.raw(stored.metadata)
            writer.varint(UInt64(stored.payload.count))
            writer.raw(stored.payload)
        }
        return magic + writer.bytes
    }

    /// The history of these bytes.
    /// - Throws: `HistoryError` for bytes that make no sense, or an event of a newer version.
    public static func history(of bytes: [UInt8]) throws(HistoryError) -> [HistoryEvent] {
        guard bytes.starts(with: magic) else { throw .malformed("no exported history") }
        var history: [HistoryEvent] = []
        var offset = magic.count
        while offset < bytes.count {
            let metadata = try part(of: bytes, at: &offset)
            let payload = try part(of: bytes, at: &offset)
            history.append(try HistoryEvent(metadata: metadata, payload: payload))
        }
        return history
    }

    private static func part(
        of bytes: [UInt8], at offset: inout Int
    ) throws(HistoryError) -> [UInt8] {
        let count = try FieldReader.varint(bytes, &offset)
        guard count <= UInt64(bytes.count - offset) else { throw .malformed("a length") }
        defer { offset += Int(count) }
        return Array(bytes[offset..<offset + Int(count)])
    }
}

extension HistoryEvent {
    /// The name of its kind, as it is the log's event type.
    public var typeName: String { body.kind.typeName }
}
