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

    @Test("readers see a removal once it is durable, writers at once")
    func staged() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2], [3]])
        #expect(try Self.remove("a", through: nil, harness).lowerBound == 3)
        #expect(try harness.core.versions(of: "a") == [1, 2, 3])
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
        #expect(try harness.core.versions(of: "a").isEmpty)
        #expect(harness.core.durableEnd == 4)
        try harness.reopen()
        #expect(try harness.core.versions(of: "a").isEmpty)
        #expect(harness.core.receipt.durablePosition == 4 && harness.core.receipt.eventCount == 3)
    }

    @Test("a removal that was not written does not happen")
    func lostWhileStaged() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2]])
        _ = try Self.remove("a", through: 1, harness)
        try harness.reopen()
        #expect(try harness.core.versions(of: "a") == [1, 2])
    }

    @Test("removals move into a file of their own with their segments, also without an event")
    func sealing() throws {
        let harness = try Self.sealed()
        let first = try Self.path(harness)
        #expect(try harness.core.versions(of: "a") == [3])
        try harness.reopen()
        #expect(try harness.core.versions(of: "a") == [3])
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
        #expect(try harness.core.versions(of: "a") == [3])
        #expect(try harness.core.versions(of: "c").first == count + 1)
        #expect(harness.core.removals.streamCount == 2)
    }

    @Test("one copy of the file of removals is enough; without both the store is refused")
    func damage() throws {
        let harness = try Self.sealed()
        let path = try Self.path(harness)
        harness.core.closeFiles()
        var file = try harness.files.open(path, OpenMode(.mustExist))
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
            file = try harness.files.open(path, OpenMode(.mustExist))
            try flip(offset)
            try harness.reopen()
            #expect(try harness.core.versions(of: "a") == [3])
            #expect(harness.core.receipt.mended == [path])
            #expect(harness.core.receipt.repairs == [.init(file: path, part: .copy)])
            try harness.reopen()
            #expect(harness.core.receipt.repairs.isEmpty)
            #expect(harness.core.receipt.mended.isEmpty)
            harness.core.closeFiles()
        }
        file = try harness.files.open(path, OpenMode(.mustExist))
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
        #expect(try harness.core.versions(of: "a") == [1, 2, 3])
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
        let byteCount = RemovalRecord.byteCount(streamIDBytes: 6, .truncate)
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

    /// Appends to a stream of its own until a further segment is full, and seals what is.
    private static func fill(_ harness: CoreHarness) throws {
        let count = harness.core.fullSegments.count
        while harness.core.fullSegments.count == count {
            try harness.append(to: "f", [[UInt8](repeating: 3, count: 45_000)])
            try harness.core.prepareSegments()
        }
        #expect(try harness.core.seal())
    }

    private static func sealedEvents(_ core: LogCore) -> Int {
        core.sealed.files.reduce(0) { $0 + $1.footer.eventCount }
    }

    @Test("merges leave out what was removed, and a file of which nothing is left is not made")
    func merging() throws {
        let harness = try CoreHarness()
        for _ in 0..<2 {
            try harness.append(to: "a", (0..<3).map { [UInt8($0)] })
            try Self.fill(harness)
        }
        _ = try Self.remove("a", through: 4, harness)
        try harness.commit()
        #expect(try harness.core.merge(all: true))
        // The removal is in a segment yet, which may be damaged and the removal lost.
        #expect(harness.core.counters.droppedEvents == 0)
        try Self.fill(harness)
        #expect(try harness.core.merge(all: true))
        #expect(harness.core.counters.droppedEvents == 4)
        #expect(harness.core.sealed.files.count == 1)
        #expect(try harness.core.versions(of: "a") == [5, 6])
        // A lone file is written again where something in it was removed since, and only then.
        #expect(try harness.core.merge(all: true) == false)
        _ = try Self.remove("a", through: nil, harness)
        _ = try Self.remove("f", through: 1, harness)
        try harness.commit()
        try Self.fill(harness)
        while try harness.core.merge(all: true) {}
        #expect(harness.core.counters.droppedEvents == 7)
        try harness.reopen()
        #expect(try harness.core.versions(of: "a").isEmpty)
        #expect(try harness.core.durableVersion(of: "a") == 6)
        let held = try harness.core.durableVersion(of: "f").rawValue
        #expect(try harness.core.versions(of: "f") == (2...held).map { $0 })
    }

    @Test("a merge that only leaves out asks, too, whether it is to go on")
    func mergingStops() throws {
        let harness = try CoreHarness()
        for _ in 0..<3 {
            try harness.append(to: "a", (0..<1_000).map { [UInt8(truncatingIfNeeded: $0)] })
        }
        _ = try Self.remove("a", through: 2_999, harness)
        try harness.commit()
        try Self.fill(harness)
        let planned = harness.core.planMerging(all: true)
        let merging = try #require(planned)
        var asked = 0
        let error = #expect(throws: LogError.self) {
            _ = try merging.run(in: harness.files) {
                asked += 1
                return asked < 2
            }
        }
        #expect(error == .closed && asked == 2)
        harness.core.fail(merging, with: .closed)
        #expect(try harness.files.list("sealed").count == 2)
    }

    @Test("a version that a removal names is not given again, though its events were lost")
    func lostBeforeRemoval() throws {
        for through: StreamVersion? in [nil, 4] {
            let harness = try CoreHarness()
            try harness.append(to: "a", [[1], [2], [3]])
            try harness.append(to: "a", [[UInt8](repeating: 0xAB, count: 100)])
            _ = try Self.remove("a", through: through, harness)
            try harness.commit()
            try harness.close()
            let segment = try #require(harness.core.segments.first).path
            harness.files.edit(segment) { bytes in
                let payload = [UInt8](repeating: 0xAB, count: 100)
                let lost = bytes.firstRange(of: payload)?.lowerBound ?? 0
                bytes[lost] = 0
            }
            #expect(throws: LogError.self) { try harness.reopen() }
            #expect(try LogCore.repair(in: harness.files).losses.count == 1)
            try harness.reopen()
            #expect(try harness.core.durableVersion(of: "a") == 4)
            let answer = try harness.core.offer([
                StreamAppend(to: "a", [Event(type: "T", payload: [5])])
            ])
            if through == nil {
                guard case .refused(.streamDeleted("a", 4), _) = answer else {
                    return #expect(Bool(false), "\(answer)")
                }
                continue
            }
            guard case .staged(_, let versions) = answer else {
                return #expect(Bool(false), "\(answer)")
            }
            #expect(versions == [5])
            try harness.commit()
            #expect(try harness.core.versions(of: "a") == [5])
        }
    }

    @Test("a removal of versions that a stream never had is senseless")
    func forged() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        var scan = VersionCheck(mayStartLater: false, lostCount: 3)
        func accepts(_ stream: StreamID, _ through: StreamVersion) -> Bool {
            scan.accepts(
                RemovalRecord(.truncate, of: stream, through: through), after: harness.core.index)
        }
        #expect(accepts("a", 1) && accepts("a", 3) && !accepts("a", 5))
        #expect(accepts("b", 1) && !accepts("b", 2))
        var later = VersionCheck(mayStartLater: true, lostCount: 0)
        // Sealed files may know it.
        let record = RemovalRecord(.delete, of: "c", through: 9)
        let isAccepted = later.accepts(record, after: harness.core.index)
        #expect(isAccepted)
    }

    @Test("where the file of removals cannot be written nothing of it stays behind")
    func failedFile() throws {
        var failures = 0
        for kind in [MemoryFileSystem.Call.open, .write, .sync, .rename, .syncFolder] {
            for number in 1...20 {
                let harness = try CoreHarness()
                try harness.append(to: "a", [[1], [2], [3]])
                _ = try Self.remove("a", through: 2, harness)
                try harness.commit()
                while harness.core.fullSegments.isEmpty {
                    try harness.append(to: "f", [[UInt8](repeating: 3, count: 45_000)])
                    try harness.core.prepareSegments()
                }
                harness.files.resetCounts()
                harness.files.fault = .init(kind: kind, number: number, code: 5)
                let isSealed = (try? harness.core.seal()) ?? false
                harness.files.fault = nil
                if isSealed { break }
                failures += 1
                let left = try harness.files.list("sealed").sorted()
                // Both, if nobody knows what MANIFEST lists.
                #expect(
                    left.isEmpty || left == ["00000001", "00000001.removals"],
                    "\(kind) \(number): \(left)")
                #expect(try harness.core.versions(of: "a") == [3])
            }
        }
        #expect(failures >= 12)
    }
}
