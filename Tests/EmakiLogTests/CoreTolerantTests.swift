import EmakiPlatform
import Testing

@testable import EmakiLog

/// Damage of whole segments: what is left is read, and repaired where that can be.
@Suite struct CoreTolerantTests {
    enum Harm: String, CaseIterable, Sendable {
        case missing, empty, short, shortWithinBlock, long, foreign, otherLife, noHeader

        /// Those that leave nothing to prove how much was there.
        static let beyondRepair = allCases.filter { $0 != .noHeader }

        /// The reason in the receipt.
        var reason: Corruption.Reason {
            switch self {
            case .missing: .missingFile
            case .empty, .short, .shortWithinBlock, .long: .wrongSize
            case .foreign: .foreignStore
            case .otherLife, .noHeader: .badHeader
            }
        }

        /// Bytes of a segment from its start that are as they were, beside the headers.
        func readableBytes(_ layout: SegmentLayout) -> Int {
            switch self {
            case .missing, .empty: 0
            case .short: layout.framesOffset + 4 * layout.blockBytes
            case .shortWithinBlock: layout.framesOffset + 4 * layout.blockBytes + 100
            case .long, .foreign, .otherLife, .noHeader: layout.segmentBytes
            }
        }

        /// What is not readable may have held more than anything tells.
        var mayHideFrames: Bool { self != .long && self != .noHeader }

        func apply(to files: MemoryFileSystem, _ path: String, _ layout: SegmentLayout) throws {
            switch self {
            case .missing: files.forget(path)
            case .empty, .short, .shortWithinBlock:
                files.edit(path) { $0.removeSubrange(readableBytes(layout)...) }
            case .long: files.edit(path) { $0 += [UInt8](repeating: 1, count: 5000) }
            case .foreign, .otherLife, .noHeader:
                let memory = try PageMemory(byteCount: layout.segmentBytes)
                files[path].withRawSpan { memory.copy($0, at: 0) }
                for offset in [0, layout.headerTwinOffset] {
                    guard self != .noHeader,
                        case .good(var identity) = SegmentHeader.decode(
                            from: memory, at: offset, layout: layout)
                    else {
                        files.edit(path) { $0[offset + 20] ^= 1 }
                        continue
                    }
                    if self == .foreign { identity.storeID.low ^= 1 }
                    identity.incarnation.low ^= 1
                    SegmentHeader.encode(identity, layout: layout, into: memory, at: offset)
                    let block = offset..<offset + layout.blockBytes
                    let bytes = memory.withBytes(in: block) { $0.copyToArray() }
                    files.edit(path) { $0.replaceSubrange(block, with: bytes) }
                }
            }
        }
    }

    /// Where each event is, and which segment the log ends in.
    private struct Places {
        var offsets: [(path: String, end: Int)] = []
        var paths: [String] = []
        var activeIndex = 0

        init(_ store: DamagedStore) throws {
            let core = try openCore(store.files.clone(), .readOnly())
            paths = core.segments.map(\.path)
            activeIndex = core.activeIndex
            for position in 0..<UInt64(store.model.events.count) {
                let position = Position(store.model.first + position)
                let found = core.index.place(at: position)
                let place = try #require(found)
                let segment = core.segment(place.segment)
                // The whole frame is needed.
                let frame = try #require(
                    store.frames.first {
                        $0.path == segment.path && $0.range.contains(place.offset)
                    })
                offsets.append((segment.path, frame.range.upperBound))
            }
        }
    }

    @Test(
        "a tolerant open reads around a segment that is missing, short, foreign or headless",
        arguments: Harm.allCases, StoreEnding.allCases)
    func readsAround(harm: Harm, ending: StoreEnding) throws {
        let store = try DamagedStore(ending)
        let places = try Places(store)
        for (index, path) in places.paths.enumerated() {
            let damaged = store.files.clone()
            try harm.apply(to: damaged, path, store.layout)
            let note: Comment = "\(harm), \(ending), \(path)"
            guard case .refused(let refusal) = store.outcome(of: damaged.clone()) else {
                Issue.record("\(note) is refused by an open for writing")
                continue
            }
            #expect(refusal.file == path && refusal.reason == harm.reason, note)
            let before = damaged.contents
            let core = try openCore(damaged, .readOnly(toleratingDamage: true))
            #expect(damaged.contents == before, note)
            let receipt = core.receipt
            #expect(
                receipt.damages.contains { $0.file == path && $0.reason == harm.reason }, note)
            let isHidden = harm.mayHideFrames && index >= places.activeIndex
            #expect(isHidden == (receipt.end == .damaged), note)
            if isHidden {
                #expect(receipt.cuts.allSatisfy(\.isRemembered) && !receipt.wasClosed, note)
            }
            let content = try core.content()
            #expect(content.first == store.model.first, note)
            #expect(content.events.count <= store.model.events.count, note)
            for (index, event) in store.model.events.enumerated() {
                let place = places.offsets[index]
                let isReadable = place.path != path || place.end <= harm.readableBytes(store.layout)
                let seen = index < content.events.count ? content.events[index] : nil
                #expect(seen == (isReadable ? event : nil), "\(note), position \(index)")
            }
        }
    }

    @Test("versions that only a missing segment held are lost, and say so")
    func lostVersions() throws {
        let store = try DamagedStore(.closed)
        let places = try Places(store)
        try #require(places.activeIndex > 0)
        store.files.forget(places.paths[0])
        let core = try openCore(store.files, .readOnly(toleratingDamage: true))
        let lostCount = places.offsets.count { $0.path == places.paths[0] }
        #expect(core.receipt.losses.map(\.firstPosition) == [0])
        #expect(core.receipt.losses.map(\.isRecorded) == [false])
        #expect("\(core.receipt)".contains("cannot be read: positions 0..<\(lostCount) at "))
        #expect("\(core.receipt)".contains("ends at an earlier version, without a gap"))
        #expect(core.receipt.losses.map(\.endPosition) == [Position(UInt64(lostCount))])
        let found = core.index.find("a")
        let slot = try #require(found)
        var entries: [LogIndex.Entry] = []
        core.index.visit(slot, from: 1, backwards: false, durable: core.durableEnd) { _, entry in
            entries.append(entry)
            return true
        }
        let inA = store.model.events.compactMap { $0 }.filter { $0.stream == "a" }
        let expected = inA.map { event -> LogIndex.Entry in
            event.position < UInt64(lostCount) ? .lost : .event(Position(event.position))
        }
        #expect(entries == expected)
        #expect(entries.contains(.lost) && entries.last != .lost)
    }

    @Test("segments of which nothing is there take no memory of their own")
    func sharedImage() throws {
        let store = try DamagedStore(.closed)
        let paths = try Places(store).paths
        try #require(paths.count >= 3)
        for path in paths { store.files.forget(path) }
        let core = try openCore(store.files, .readOnly(toleratingDamage: true))
        #expect(core.segments.allSatisfy { $0.image === core.segments[0].image })
        #expect(core.receipt.damages.map(\.file) == paths)
        #expect(core.receipt.end == .damaged)
        #expect(try core.content() == LogContent())
    }

    // MARK: Repair

    @Test(
        "a repair writes the headers that a segment's own frames prove, and loses nothing",
        arguments: StoreEnding.allCases)
    func headersAreRepaired(ending: StoreEnding) throws {
        let store = try DamagedStore(ending)
        let places = try Places(store)
        for (index, path) in places.paths.enumerated() {
            let damaged = store.files.clone()
            try Harm.noHeader.apply(to: damaged, path, store.layout)
            let before = damaged.contents
            var repair = Repair(files: damaged)
            guard index <= places.activeIndex else {
                // Nothing was ever written to a segment that is only ready.
                #expect(throws: LogError.self) { try repair.run() }
                #expect(damaged.contents == before)
                continue
            }
            let report = try repair.run()
            #expect(report.damages.map(\.reason) == [.badHeader])
            #expect(report.losses.isEmpty)
            #expect(report.copies.map { damaged[$0] } == [before[path]])
            #expect(damaged[path] == store.files[path])
            #expect(try openCore(damaged).content() == store.model)
        }
    }

    @Test(
        "a repair that cannot help changes nothing, and says what to do",
        arguments: Harm.beyondRepair)
    func beyondRepair(harm: Harm) throws {
        let store = try DamagedStore(.closed)
        for path in try Places(store).paths {
            let damaged = store.files.clone()
            try harm.apply(to: damaged, path, store.layout)
            let before = damaged.contents
            do {
                var repair = Repair(files: damaged)
                _ = try repair.run()
                Issue.record("\(harm) of \(path) was repaired")
            } catch {
                guard case .beyondRepair(let corruption) = error else { throw error }
                #expect(corruption.file == path && corruption.reason == harm.reason)
                #expect("\(error)".contains("restore a backup, or open read-only"))
            }
            #expect(damaged.contents == before)
        }
    }
}
