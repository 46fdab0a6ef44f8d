/// Damage in a sealed file that its parity cannot mend, and whose events it concerns.
public struct ScrubDamage: Sendable, Equatable, Codable {
    /// The place.
    public var corruption: Corruption
    /// Streams with events in that place, the first `Limits.namedStreamsMax` of them; empty if it
    /// holds what all streams of the file need.
    public var streams: [String]
}

extension ScrubDamage: CustomStringConvertible {
    /// A line for people.
    public var description: String {
        let whose =
            streams.isEmpty
            ? "" : " (events of " + streams.map { "\"\($0)\"" }.joined(separator: ", ") + ")"
        return "\(corruption)\(whose)"
    }
}

extension SealedFile {
    /// Streams with events in the chunks that touch a page of the file.
    func streams(at fileOffset: Int) -> [String] {
        // What says whose the events are may be damaged as well: then nobody is named.
        (try? namedStreams(at: fileOffset)) ?? []
    }

    private func namedStreams(at fileOffset: Int) throws(LogError) -> [String] {
        let start = fileOffset - footer[.chunks].range.lowerBound
        guard start >= 0, start < footer[.chunks].byteCount else { return [] }
        // The last chunk that starts at or before a byte.
        func chunk(at byte: UInt64) throws(LogError) -> Int {
            var low = 0
            var high = footer.chunkCount
            while high - low > 1 {
                let middle = (low + high) / 2
                if try chunkPlace(middle).start <= byte { low = middle } else { high = middle }
            }
            return low
        }
        let first = try chunk(at: UInt64(start))
        let last = try chunk(at: UInt64(start + PageParity.pageBytes - 1))
        let ordinals =
            try chunkPlace(first)
            .firstOrdinal..<(last + 1 < footer.chunkCount
            ? chunkPlace(last + 1).firstOrdinal : footer.eventCount)
        var low = 0
        var high = footer.streamCount
        while low < high {
            let middle = (low + high) / 2
            if try stream(middle).ordinals.upperBound <= ordinals.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        var names: [String] = []
        while low < footer.streamCount, names.count < Limits.namedStreamsMax,
            try stream(low).ordinals.lowerBound < ordinals.upperBound
        {
            if let name = try withID(low, { String(validating: $0) }) { names.append(name) }
            low += 1
        }
        return names
    }

    private func chunkPlace(_ chunk: Int) throws(LogError) -> (start: UInt64, firstOrdinal: Int) {
        let entryBytes = SealedFooter.chunkEntryBytes
        let offset = try pages.offset(in: .chunkTable, chunk * entryBytes, entryBytes)
        let firstOrdinal = Int(pages.view.loadUInt32(at: offset + 16))
        guard firstOrdinal <= footer.eventCount else {
            throw nonsense(chunk: chunk, "the first ordinal")
        }
        return (pages.view.loadUInt64(at: offset), firstOrdinal)
    }
}
