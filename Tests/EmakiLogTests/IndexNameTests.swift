import EmakiPlatform
import Testing

@testable import EmakiLog

/// Streams by their names and by the sections that name them. In optimized code, as the mutation
/// tool runs it, names of up to 15 bytes were once looked for where they were not any more.
@Suite struct IndexNameTests {
    private static let names = [
        "a", "stream", "exactly-15-byte", "sixteen-bytes-id",
        "order-7/with-a-name-that-is-longer",
    ]

    @Test("a stream is found by its name and by its section, whichever it was added by")
    func found() throws {
        for name in Self.names {
            let stream = try StreamID(name)
            let image = try PageMemory(byteCount: 4096)
            _ = SectionHeader.encode(stream, eventCount: 1, frame: 0, into: image, at: 0)
            let section = SectionHeader(in: image, at: 0)
            var byName = LogIndex(startingAt: 0)
            _ = byName.findOrAdd(stream)
            let isThere = byName.find(stream) != nil && byName.find(section) != nil
            #expect(isThere, "\(name)")
            var bySection = LogIndex(startingAt: 0)
            _ = bySection.findOrAdd(section)
            let isThereToo = bySection.find(stream) != nil && bySection.find(section) != nil
            #expect(isThereToo, "\(name)")
        }
    }
}
