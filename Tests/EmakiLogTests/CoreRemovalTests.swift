import EmakiPlatform
import Testing

@testable import EmakiLog

/// Removals in the core: when they take effect, and the file that keeps them once their segments
/// are sealed.
@Suite struct CoreRemovalTests {
    private static func remove(
        _ stream: StreamID, through version: StreamVersion?, _ harness: CoreHarness
    ) throws -> Range<Position> {
        guard
            case .staged(let positions, _) = try harness.core.offerRemoval(
                of: stream, through: version)
        else { throw HarnessError.repeated }
        return positions
    }

    /// A store of which the removals are in their file.
    private static func sealed() throws -> CoreHarness {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2], [3]])
        _ = try remove("a", through: 2, harness)
        try harness.commit()
        try harness.append(to: "b", [[UInt8](repeating: 5, count: 50_000)])
        try harness.append(to: "b", [[UInt8](repeating: 6, count: 50_000)])
        #expect(try harness.core.seal())
        #expect(harness.core.manifest.removalFileNumber > 0)
        return harness
    }

    private static func path(_ harness: CoreHarness) throws -> String {
        try #require(harness.core.manifest.removalFile).path
    }

    private static func versions(_ stream: StreamID, _ core: LogCore) throws -> [UInt64] {
        var versions: [UInt64] = []
        try core.visit(stream, from: nil, backwards: false) { version, event in
            versions.append(event == nil ? 0 : version.rawValue)
            return true
        }
        return versions
    }

    @Test("readers see a removal once it is durable, writers at once")
    func staged() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2], [3]])
        #expect(try Self.remove("a", through: nil, harness).lowerBound == 3)
        #expect(try Self.versions("a", harness.core) == [1, 2, 3])
        let append = [StreamAppend(to: "a", [Event(type: "T", payload: [4])])]
        guard case .refused(.streamDeleted("a", 3), let after) = try harness.outcome(of: append)
        else { return #expect(Bool(false), "a deletion is staged") }
        // The answer rests on the deletion.
        #expect(after == 4)
        guard
            case .repeated(let positions, _) = try harness.core.offerRemoval(
                of: "a", through: nil)
        else { return #expect(Bool(false), "it is staged already") }
        #expect(positions == 4..<4)
        try harness.commit()
        #expect(try Self.versions("a", harness.core).isEmpty)
        #expect(harness.core.durableEnd == 4)
        try harness.reopen()
        #expect(try Self.versions("a", harness.core).isEmpty)
        #expect(harness.core.receipt.durablePosition == 4 && harness.core.receipt.eventCount == 3)
    }

    @Test("a removal that was not written does not happen")
    func lostWhileStaged() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2]])
        _ = try Self.remove("a", through: 1, harness)
        try harness.reopen()
        #expect(try Self.versions("a", harness.core) == [1, 2])
    }

    @Test("removals move into a file of their own with their segments, also without an event")
    func sealing() throws {
        let harness = try Self.sealed()
        let first = try Self.path(harness)
        #expect(try Self.versions("a", harness.core) == [3])
        try harness.reopen()
        #expect(try Self.versions("a", harness.core) == [3])
        // A segment that holds removals and no event: nothing to seal but them.
        try harness.append(to: "c", (0..<60).map { [$0] })
        try harness.append(to: "b", [[UInt8](repeating: 7, count: 50_000)])
        try harness.core.prepareSegments()
        #expect(try harness.core.seal(upTo: harness.core.active.number - 1))
        var count: UInt64 = 0
        while harness.core.fullSegments.count < 2 {
            try harness.core.prepareSegments()
            count += 1
            _ = try Self.remove("c", through: StreamVersion(count), harness)
            try harness.commit()
        }
        let files = harness.core.sealed.files.count
        #expect(try harness.core.seal())
        #expect(harness.core.sealed.files.count <= files + 1)
        let second = try Self.path(harness)
        #expect(second != first)
        #expect(try harness.files.kind(of: first) == nil)
        try harness.reopen()
        #expect(try Self.versions("a", harness.core) == [3])
        #expect(try Self.versions("c", harness.core).first == count + 1)
        #expect(harness.core.removals.streamCount == 2)
    }

    @Test("one copy of the file of removals is enough; without both the store is refused")
    func damage() throws {
        let harness = try Self.sealed()
        let path = try Self.path(harness)
        harness.core.closeFiles()
        let file = try harness.files.open(path, OpenMode(.mustExist))
        let half = try file.byteCount() / 2
        func flip(_ offset: Int) throws {
            let bytes = try PageMemory(byteCount: 4096)
            _ = try bytes.withMutableBytes(in: 0..<1) { (bytes: inout MutableRawSpan) in
                try file.read(into: &bytes, at: offset)
            }
            bytes.store(bytes.loadUInt8(at: 0) ^ 4, at: 0)
            try bytes.withBytes(in: 0..<1) { (bytes: RawSpan) in
                try file.write(bytes, at: offset)
            }
            try file.sync()
        }
        for offset in [60, half + 60] {
            try flip(offset)
            try harness.reopen()
            #expect(try Self.versions("a", harness.core) == [3])
            harness.core.closeFiles()
            try flip(offset)
        }
        try flip(60)
        try flip(half + 60)
        let error = #expect(throws: LogError.self) { try harness.reopen() }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == path)
        let beyond = #expect(throws: LogError.self) { try LogCore.repair(in: harness.files) }
        #expect(beyond == .beyondRepair(corruption))
        var tolerant = Configuration.readOnly()
        tolerant.toleratesDamage = true
        try harness.reopen(tolerant)
        #expect(harness.core.receipt.damages.map(\.file) == [path])
        // What it removed is seen again, and said to be damaged.
        #expect(try Self.versions("a", harness.core) == [1, 2, 3])
        harness.core.closeFiles()
        try harness.files.remove(path)
        let missing = #expect(throws: LogError.self) { try harness.reopen() }
        guard case .corrupt(let place) = missing else {
            return #expect(Bool(false), "\(String(describing: missing))")
        }
        #expect(place.reason == .missingFile && place.file == path)
    }

    @Test("any bytes in the place of a removal are one, or none")
    func records() throws {
        let record = RemovalRecord(.truncate, of: "stream", through: 77)
        let byteCount = RemovalRecord.byteCount(streamIDBytes: 6)
        #expect(byteCount == 32)
        let image = try PageMemory(byteCount: 4096)
        record.encode(into: image, at: 64)
        #expect(RemovalRecord(from: image, batch: 64..<64 + byteCount) == record)
        #expect(RemovalRecord(from: image, batch: 64..<64 + byteCount - 8) == nil)
        #expect(RemovalRecord(from: image, batch: 64..<64 + byteCount + 8) == nil)
        var refused = 0
        for offset in 64..<64 + byteCount {
            let byte = image.loadUInt8(at: offset)
            for value in UInt8.min...UInt8.max {
                image.store(value, at: offset)
                if RemovalRecord(from: image, batch: 64..<64 + byteCount) == nil { refused += 1 }
            }
            image.store(byte, at: offset)
        }
        // Of each of the fields but the version and the id hardly a value is accepted.
        #expect(refused > 1_000)
    }

    @Test("merges leave out what was removed, and a file of which nothing is left is not made")
    func merging() throws {
        var configuration = Configuration()
        configuration.filesPerMerge = 2
        let harness = try CoreHarness(configuration: configuration)
        for round in 0..<2 {
            try harness.append(to: "a", (0..<3).map { [UInt8($0)] })
            for _ in 0..<3 {
                try harness.append(to: "b", [[UInt8](repeating: UInt8(round), count: 45_000)])
            }
            #expect(try harness.core.seal())
        }
        _ = try Self.remove("b", through: nil, harness)
        _ = try Self.remove("a", through: 4, harness)
        try harness.commit()
        let before = harness.core.sealed.files.reduce(0) { $0 + $1.footer.eventCount }
        #expect(try harness.core.merge())
        let after = harness.core.sealed.files.reduce(0) { $0 + $1.footer.eventCount }
        #expect(harness.core.counters.droppedEvents == UInt64(before - after))
        #expect(after == 2)
        #expect(try Self.versions("a", harness.core) == [5, 6])
        try harness.reopen(configuration)
        #expect(try Self.versions("a", harness.core) == [5, 6])
        #expect(try Self.versions("b", harness.core).isEmpty)
        #expect(try harness.core.durableVersion(of: "b") == 6)
    }
}
