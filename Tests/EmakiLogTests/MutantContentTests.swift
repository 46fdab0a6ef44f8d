import EmakiPlatform
import Testing

@testable import EmakiLog

/// When a stored event is the one that is offered again, and when it only looks like it.
@Suite struct MutantContentTests {
    private func isSame(_ stored: Event, _ offered: Event) throws -> Bool {
        let image = try PageMemory(byteCount: 4096)
        _ = EventRecord.encode(stored, version: 1, section: 0, into: image, at: 64)
        return EventRecord(in: image, at: 64).hasSameContent(as: offered)
    }

    @Test("a stored event has the content of another with the same type, metadata and payload only")
    func contents() throws {
        // The letter x, so that a longer type reads on into the metadata.
        let stored = Event(type: "T", payload: [3], metadata: [120])
        #expect(try isSame(stored, Event(type: "T", payload: [3], metadata: [120])))
        #expect(try !isSame(stored, Event(type: "U", payload: [3], metadata: [120])))
        #expect(try !isSame(stored, Event(type: "T", payload: [3], metadata: [121])))
        #expect(try !isSame(stored, Event(type: "T", payload: [4], metadata: [120])))
    }

    @Test("an event that is longer by what follows it in the record is another event")
    func lengths() throws {
        let stored = Event(type: "T", payload: [3], metadata: [120])
        // Each differs from the stored one in one length; the bytes there are the same.
        #expect(try !isSame(stored, Event(type: "Tx", payload: [3], metadata: [120])))
        #expect(try !isSame(stored, Event(type: "T", payload: [3], metadata: [120, 3])))
        #expect(try !isSame(stored, Event(type: "T", payload: [3, 0], metadata: [120])))
        #expect(try !isSame(stored, Event(type: "T", payload: [], metadata: [120])))
    }

    @Test("a MANIFEST lists as many segments as it may, and not one more")
    func manifestCounts() throws {
        for count in [Limits.segmentCountMax, Limits.segmentCountMax + 1] {
            let files = MemoryFileSystem()
            var manifest = Manifest(storeID: Bits128(low: 1, high: 2))
            manifest.nextFileIndex = UInt32(count)
            manifest.segments = (0..<count).map {
                .init(number: 0, incarnation: .zero, fileIndex: UInt32($0))
            }
            try manifest.write(in: files)
            if count == Limits.segmentCountMax {
                #expect(try Manifest.read(in: files, storeID: manifest.storeID).0 == manifest)
            } else {
                #expect(throws: LogError.self) {
                    try Manifest.read(in: files, storeID: manifest.storeID)
                }
            }
        }
    }
}
