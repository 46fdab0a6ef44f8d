import EmakiPlatform
import Testing

@testable import EmakiLog

/// The contents of a chunk that make no sense, by each number in them. Whoever reads them has
/// proven a checksum before, and no more.
@Suite struct MutantChunkTests {
    private static let bounds = SealedChunk.Bounds(
        firstPosition: 1_000, endPosition: 1_010, streamCount: 3)

    private static func run(_ events: ForgedEvent...) -> ForgedRun {
        ForgedRun(stream: 1, version: 1, events: events)
    }

    private static func event(_ change: (inout ForgedEvent) -> Void) -> ForgedEvent {
        var event = ForgedEvent(delta: 1)
        change(&event)
        return event
    }

    /// Walks a chunk in a memory that ends where the chunk does.
    private static func walk(_ bytes: [UInt8]) throws -> (places: [UInt64], makesSense: Bool) {
        let memory = try PageMemory(heapBytes: bytes.count)
        bytes.withRawSpan { memory.copy($0, at: 0) }
        var places: [UInt64] = []
        let makesSense = SealedChunk.walk(memory, 0..<bytes.count, bounds: bounds) { _, event in
            places.append(event.position.rawValue)
            return true
        }
        return (places, makesSense)
    }

    @Test("what lies on a limit makes sense")
    func limits() throws {
        var last = Self.run(ForgedEvent(), ForgedEvent(delta: 9))
        last.stream = 2
        last.version = FrameHeader.positionMax
        #expect(try Self.walk(last.bytes) == ([1_000, 1_009], true))
        let full = Self.event {
            $0.flags = SealedChunk.hasID
            $0.id = [UInt8](repeating: 7, count: 16)
            $0.type = [UInt8](repeating: 65, count: Limits.typeBytesMax)
            $0.metadata = [UInt8](repeating: 1, count: Limits.metadataBytesMax)
        }
        #expect(try Self.walk(Self.run(full).bytes) == ([1_001], true))
    }

    @Test("a payload is as large as it may be, and no larger")
    func payloads() throws {
        for (count, isPossible) in [
            (Limits.payloadBytesMax, true), (Limits.payloadBytesMax + 1, false),
        ] {
            let large = Self.event { $0.payload = [UInt8](repeating: 1, count: count) }
            #expect(
                try Self.walk(Self.run(large).bytes) == (isPossible ? [1_001] : [], isPossible))
        }
    }

    @Test(
        "a run of which a number makes no sense is refused before its first event",
        arguments: [
            ForgedCase("a stream that is not in the file") { $0.stream = 3 },
            ForgedCase("no stream at all") { $0.stream = .max },
            ForgedCase("version 0") { $0.version = 0 },
            ForgedCase("a version that none can have") { $0.version = FrameHeader.positionMax + 1 },
            ForgedCase("no event") {
                $0.events = []
                $0.eventCount = 0
            },
            ForgedCase("more events than it has bytes") { $0.eventCount = .max },
            ForgedCase("more bytes than the chunk has") { $0.byteCount = .max },
            ForgedCase("one byte more than the chunk has") { $0.byteCount = 13 },
        ] as [ForgedCase<ForgedRun>])
    func runs(_ row: ForgedCase<ForgedRun>) throws {
        var run = Self.run(ForgedEvent(), ForgedEvent(delta: 1))
        #expect(try Self.walk(run.bytes) == ([1_000, 1_001], true))
        row.change(&run)
        #expect(try Self.walk(run.bytes) == ([], false), "\(row)")
    }

    @Test("a run whose events end before it does, or behind it, is refused")
    func runEnds() throws {
        var run = Self.run(ForgedEvent(), ForgedEvent(delta: 1))
        run.eventCount = 1
        #expect(try Self.walk(run.bytes) == ([1_000], false))
        // Also where what follows would be a run.
        var two = Self.run(ForgedEvent())
        two.byteCount = UInt64(two.bytes.count - 4 + Self.run(ForgedEvent()).bytes.count)
        #expect(try Self.walk(two.bytes + Self.run(ForgedEvent()).bytes) == ([1_000], false))
        run.eventCount = 3
        #expect(
            try Self.walk(run.bytes + Self.run(ForgedEvent()).bytes) == ([1_000, 1_001], false))
    }

    @Test("a chunk that ends within a number, or within an event, is refused")
    func cuts() throws {
        let bytes = Self.run(ForgedEvent(), Self.event { $0.payload = [1, 2, 3] }).bytes
        for end in 1..<bytes.count {
            #expect(try Self.walk(Array(bytes.prefix(end))) == ([], false), "cut at \(end)")
        }
        // The same, where the run says that it ends there.
        for end in 4..<bytes.count {
            var cut = Array(bytes.prefix(end))
            cut[3] = UInt8(end - 4)
            #expect(try !Self.walk(cut).makesSense, "ends at \(end)")
        }
    }

    @Test(
        "an event of which a number makes no sense is refused; those before it are not",
        arguments: [
            ForgedCase("the place of the event before") { $0.delta = 0 },
            ForgedCase("a place behind all that the file has") { $0.delta = 9 },
            ForgedCase("a place that no file has") { $0.delta = .max },
            ForgedCase("a flag that there is not") { $0.flags = 2 },
            ForgedCase("a flag beside the one that there is") {
                $0.flags = 3
                $0.id = [UInt8](repeating: 7, count: 16)
            },
            ForgedCase("no type") { $0.type = [] },
            ForgedCase("a type that is no text") { $0.type = [0xFF] },
            ForgedCase("a type that is too long") { $0.type = [UInt8](repeating: 65, count: 256) },
            ForgedCase("a type that no memory has") { $0.typeBytes = .max },
            ForgedCase("metadata that are too long") {
                $0.metadata = [UInt8](repeating: 1, count: 65_536)
            },
            ForgedCase("metadata that no memory has") { $0.metadataBytes = .max },
            ForgedCase("a payload that no memory has") { $0.payloadBytes = .max },
            ForgedCase("a payload that ends behind the run") { $0.payloadBytes = 1 },
            ForgedCase("an id that is not there") { $0.flags = 1 },
            ForgedCase("an id that ends behind the run") {
                $0.flags = 1
                $0.id = [UInt8](repeating: 7, count: 14)
            },
        ] as [ForgedCase<ForgedEvent>])
    func events(_ row: ForgedCase<ForgedEvent>) throws {
        let event = Self.event(row.change)
        #expect(
            try Self.walk(Self.run(ForgedEvent(delta: 1), event).bytes) == ([1_001], false),
            "\(row)")
    }

    @Test("a number of ten bytes has one bit in the last of them, and one of eleven is none")
    func varints() throws {
        let memory = try PageMemory(heapBytes: 16)
        func read(_ bytes: [UInt8], end: Int? = nil) -> (UInt64?, Int) {
            bytes.withRawSpan { memory.copy($0, at: 0) }
            var offset = 0
            let number = Varint.read(from: memory, at: &offset, end: end ?? bytes.count)
            return (number, offset)
        }
        let nine = [UInt8](repeating: 0xFF, count: 9)
        #expect(read(nine + [1]) == (.max, 10))
        #expect(read(nine + [2]).0 == nil)
        #expect(read(nine + [0x7F]).0 == nil)
        #expect(read(nine + [0x80, 0]).0 == nil)
        #expect(read(nine + [0x81, 0x80, 0]).0 == nil)
        #expect(read([5, 0xFF]) == (5, 1))
        #expect(read([0x85, 0x01, 0xFF]) == (133, 2))
        #expect(read([0x85, 0x81, 0x01, 0xFF]) == (16_517, 3))
        #expect(read([0x85, 0x01], end: 1).0 == nil)
        #expect(read([0x85, 0x81, 0x01], end: 2).0 == nil)
        #expect(read([5], end: 0).0 == nil)
    }
}
