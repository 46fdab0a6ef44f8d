import EmakiPlatform

/// Workflows that have ended, in the file of a projection: see `ProjectionFile`.
extension EndedRuns {
    /// None takes fewer bytes: a length and an id, two numbers, a hash, an outcome and a number of
    /// labels.
    static let runBytesMin = 14

    /// - Returns: the contents of pieces.
    func encodeRuns(ofChunk index: Int) -> [[UInt8]] {
        let chunk = table.chunks[index]
        var content = [ProjectionFile.Kind.ended.rawValue]
        for slot in chunk.names.indices where chunk.names[slot].idBytes > 0 {
            let run = chunk.runs[slot]
            content.append(chunk.names[slot].idBytes)
            content += chunk.bytes[chunk.range(chunk.names[slot]).id]
            content.append(varint: run.version)
            content.append(number: run.runHash)
            content.append(varint: UInt64(run.type))
            content.append(run.outcome)
            content.append(chunk.names[slot].labelCount)
            content += chunk.bytes[chunk.labels(chunk.names[slot])]
        }
        // 1,024 of them are far from the most that a piece may have.
        return content.count > 1 ? [content] : []
    }

    mutating func decodeRuns(_ fields: inout PieceReader, typeCount: Int) throws {
        while !fields.isAtEnd {
            let idBytes = Int(try fields.byte())
            let id = try fields.bytes(idBytes)
            var run = EndedRun()
            run.version = try fields.varint()
            run.runHash = try fields.number64()
            run.type = try fields.varint32()
            run.outcome = try fields.byte()
            let labels = try fields.labels()
            guard idBytes > 0, run.type < typeCount else {
                throw ProjectionDecoder.Damage("a workflow that has ended")
            }
            // One that is there twice is too few in the end.
            fields.withBytes(id) { ended($0, run, labels: labels) }
        }
    }
}

extension PieceReader {
    /// A number of labels, and the labels; nil: there were too many.
    mutating func labels() throws -> [RunLabel]? {
        let count = try byte()
        if count > OpenRunTable.labelsMax { return nil }
        var labels: [RunLabel] = []
        for _ in 0..<count { labels.append(RunLabel(rawValue: try number32())) }
        return labels
    }
}
