import EmakiPlatform

/// Makes a sealed file of histories that are all alike, and reads it: what the figures of
/// `Docs/benchmarks.md` are taken with. The caller has the clock.
package final class SealedTrial: Sendable {
    /// What a file is made of.
    package struct Shape: Sendable {
        package var streamCount: Int
        package var eventsPerStream: Int
        /// nil: as the writer has it.
        package var chunkBytes: Int?
        package var level: Int?
        package var payloadBytes = 256

        package init(streamCount: Int, eventsPerStream: Int, chunkBytes: Int?, level: Int?) {
            self.streamCount = streamCount
            self.eventsPerStream = eventsPerStream
            self.chunkBytes = chunkBytes
            self.level = level
        }
    }

    private static let path = "sealed"
    private static let eventType = "Event"
    private static let eventsPerCommit = 100
    /// A prime: taken so many streams further on each time, each stream comes up once in a round.
    private static let stride = 7_920_019

    private let file: SealedFile

    /// - Parameter fill: writes the payload of a stream's version.
    package init(
        in files: any FileSystem, _ shape: Shape,
        fill: (_ payload: inout [UInt8], _ stream: UInt64, _ version: UInt64) -> Void
    ) throws(LogError) {
        let storeID = Bits128(low: 1, high: 2)
        file = try LogError.translating(Self.path) { () throws(DiskError) in
            let made = try files.open(Self.path, OpenMode(.mustBeNew))
            try Self.write(to: made, storeID, shape, fill)
            return made
        }.asSealedFile(Self.path, storeID)
    }

    package static func name(_ stream: UInt64) -> String {
        let digits = String(stream)
        return "stream-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    private static func write(
        to file: any File, _ storeID: Bits128, _ shape: Shape,
        _ fill: (inout [UInt8], UInt64, UInt64) -> Void
    ) throws(DiskError) {
        let total = shape.streamCount * shape.eventsPerStream
        var options = SealedFileWriter.Options()
        options.level = shape.level
        if let chunkBytes = shape.chunkBytes { options.chunkBytes = chunkBytes }
        let writer = try SealedFileWriter(
            file: file, storeID: storeID, number: 1, positions: .start..<Position(UInt64(total)),
            lastGroup: 1, options: options)
        let memory = try PageMemory(heapBytes: 4096 + shape.payloadBytes)
        var payload = [UInt8](repeating: 0, count: shape.payloadBytes)
        for stream in 0..<shape.streamCount {
            try name(UInt64(stream)).withUTF8Span { (bytes: RawSpan) throws(DiskError) in
                try writer.beginStream(bytes)
            }
            for round in 0..<shape.eventsPerStream {
                // Each round in another order.
                let place = (stream + round * 37) * stride % shape.streamCount
                let version = UInt64(round + 1)
                fill(&payload, UInt64(stream), version)
                let event = Event(type: eventType, payload: payload)
                _ = EventRecord.encode(
                    event, version: StreamVersion(version), section: 0, into: memory, at: 0)
                try writer.add(
                    SealedChunk.Event(
                        EventRecord(in: memory, at: 0),
                        at: Position(UInt64(round * shape.streamCount + place))))
            }
        }
        for first in Swift.stride(from: 0, to: total, by: eventsPerCommit) {
            try writer.addGroup(at: Position(UInt64(first)), instant: Int64(first) * 1000)
        }
        _ = try writer.finish()
    }

    // MARK: Reading

    /// - Returns: events that `body` was called with.
    package func replay(
        _ stream: String, _ body: (_ payload: RawSpan, _ version: UInt64) -> Bool
    ) throws(LogError) -> Int {
        guard let found = try find(stream) else { return 0 }
        var count = 0
        try file.visit(found, from: .first) { event in
            count += 1
            return event.memory.withBytes(in: event.payloadRange) {
                body($0, event.version.rawValue)
            }
        }
        return count
    }

    /// - Returns: whether the stream is here.
    package func has(_ stream: StreamID) throws(LogError) -> Bool {
        try stream.text.withUTF8Span { (bytes: RawSpan) throws(LogError) in
            try file.find(bytes, hash: stream.hash)
        } != nil
    }

    private func find(_ stream: String) throws(LogError) -> SealedFile.Stream? {
        try stream.withUTF8Span { (bytes: RawSpan) throws(LogError) in
            try file.find(bytes, hash: StableHash.hash(bytes))
        }
    }

    /// - Returns: the payload's first byte at a position, as a sign that it was read.
    package func byte(at position: Position) throws(LogError) -> UInt8? {
        try file.event(at: position) { _, event in
            event.memory.loadUInt8(at: event.payloadRange.lowerBound)
        }
    }

    /// Reads and unpacks one of the chunks: what a replay cannot do without.
    package func unpack(_ random: UInt64) throws(LogError) -> Bool {
        let number = Int(random % UInt64(file.footer.chunkCount))
        let memory = try file.takeMemory()
        defer { file.memories.giveBack(memory) }
        return try !file.unpack(number, into: memory).isEmpty
    }

    package func check() throws(LogError) { _ = try file.check() }

    /// Bytes of each part of the file, pages that are not full rounded up.
    package var bytesByPart: [(name: String, bytes: Int)] {
        let footer = file.footer
        let pageBytes = PageParity.pageBytes
        let sections = SealedFooter.Section.allCases.map { section in
            ("\(section)", footer[section].pageCount * pageBytes)
        }
        return sections + [
            ("checksums", footer.checksumPageCount * pageBytes),
            ("parity", footer.parityPageCount * pageBytes), ("footers", 2 * pageBytes),
        ]
    }
}

extension File {
    fileprivate func asSealedFile(
        _ path: String, _ storeID: Bits128
    ) throws(LogError) -> SealedFile {
        try SealedFile(self, path: path, storeID: storeID, isWritable: false)
    }
}
