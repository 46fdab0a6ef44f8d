import EmakiPlatform
import Testing

@testable import EmakiLog

/// Every damage to a single place: the same content, or a refusal that names the place.
@Suite struct CoreDamageTests {
    /// Counts outcomes, and keeps the first few wrong ones.
    struct Tally {
        var same = 0
        var refused = 0
        var lastGroupGone = 0
        var wrong: [String] = []
        var elsewhere = 0

        mutating func add(_ outcome: DamageOutcome, path: String, _ note: @autoclosure () -> String)
        {
            switch outcome {
            case .same: same += 1
            case .lastGroupGone: lastGroupGone += 1
            case .refused(let corruption):
                refused += 1
                if corruption.file != path { elsewhere += 1 }
                if corruption.file.isEmpty { wrong.append("\(note()): no file is named") }
            case .wrong(let what): wrong.append("\(note()): \(what)")
            }
        }

        var count: Int { same + refused + lastGroupGone + wrong.count }
        var summary: String {
            "\(count) damages: \(same) harmless, \(refused) refused (\(elsewhere) naming another"
                + " file), \(lastGroupGone) the unmarked last group, \(wrong.count) wrong"
        }
    }

    private static func attempt(
        _ store: DamagedStore, _ path: String, _ tally: inout Tally, tolerant: Bool = false,
        lostMax: Int? = nil, _ note: @autoclosure () -> String, _ damage: (inout [UInt8]) -> Void
    ) {
        let damaged = store.files.clone()
        damaged.edit(path, damage)
        let outcome = store.outcome(of: damaged)
        tally.add(outcome, path: path, note())
        guard tolerant, case .refused = outcome else { return }
        let again = store.files.clone()
        again.edit(path, damage)
        if let fault = store.faultOfTolerantOpen(again, lostMax: lostMax ?? store.groupEventsMax) {
            tally.wrong.append("\(note()), tolerated: \(fault)")
        }
    }

    private static func report(_ name: String, _ tally: Tally) {
        print("\(name): \(tally.summary)")
        #expect(tally.wrong.isEmpty, "\(tally.wrong.prefix(5).joined(separator: "\n"))")
    }

    @Test(
        "each flipped byte of a frame, and each flipped bit of its header, is found out",
        arguments: StoreEnding.allCases)
    func flippedFrames(ending: StoreEnding) throws {
        let store = try DamagedStore(ending)
        var tally = Tally()
        for frame in store.frames {
            for index in frame.range {
                let inFrame = index - frame.range.lowerBound
                let isHeader = inFrame < FrameHeader.byteCount
                // Of long payloads the start, and then one byte of many; of headers every bit where
                // a mark follows and where none does.
                guard
                    isHeader || inFrame % 1009 == 0
                        || inFrame < 1200 && inFrame % TestExtent.every(5) == 0
                else { continue }
                let allBits =
                    isHeader && TestExtent.isLong && (ending == .idle || ending == .killed)
                for bit in allBits ? 0..<8 : index % 8..<index % 8 + 1 {
                    Self.attempt(
                        store, frame.path, &tally, tolerant: bit == index % 8 && inFrame % 5 == 0,
                        "\(frame.path):\(index) bit \(bit)"
                    ) { $0[index] ^= 1 << UInt8(bit) }
                }
            }
        }
        #expect(tally.refused > 0)
        #expect(tally.elsewhere == 0, "the damaged file is named")
        if ending == .idle || ending == .closed { #expect(tally.lastGroupGone == 0) }
        Self.report("flipped frames, \(ending)", tally)
    }

    @Test(
        "each flipped bit of headers and idle slots is harmless: a twin or a frame says the same",
        arguments: StoreEnding.allCases)
    func flippedHeaders(ending: StoreEnding) throws {
        let store = try DamagedStore(ending)
        var tally = Tally()
        let slots = (0..<2).map { store.layout.idleSlotOffset($0) }
        let headers = [0, store.layout.headerTwinOffset]
        let ranges =
            headers.map { $0..<$0 + SegmentHeader.byteCount + 8 }
            + slots.map { $0..<$0 + IdleSlot.byteCount + 8 }
        for path in Set(store.frames.map(\.path)) {
            for index in ranges.joined() {
                let allBits = index % 3 == 0 && TestExtent.isLong
                for bit in allBits ? 0..<8 : index % 8..<index % 8 + 1 {
                    Self.attempt(store, path, &tally, "\(path):\(index) bit \(bit)") {
                        $0[index] ^= 1 << UInt8(bit)
                    }
                }
            }
        }
        #expect(tally.refused == 0)
        #expect(tally.lastGroupGone == 0)
        Self.report("flipped headers, \(ending)", tally)
    }

    @Test(
        "each flipped byte of STORE and MANIFEST is mended from the other copy",
        arguments: ["STORE", "MANIFEST"])
    func flippedTwins(path: String) throws {
        let store = try DamagedStore(.recycled)
        var tally = Tally()
        for index in store.files[path].indices
        where index % 4096 < 400 || index % (64 * TestExtent.every(4)) == 0 {
            Self.attempt(store, path, &tally, "\(path):\(index)") {
                $0[index] ^= 1 << UInt8(index % 8)
            }
        }
        #expect(tally.refused == 0)
        Self.report("flipped \(path)", tally)
    }

    @Test(
        "each zeroed sector and block, swapped neighbours, and copies elsewhere are found out",
        arguments: StoreEnding.allCases, [512, 4096])
    func movedBlocks(ending: StoreEnding, blockBytes: Int) throws {
        let store = try DamagedStore(ending, blockBytes: blockBytes)
        var tally = Tally()
        let count = store.layout.segmentBytes
        for path in Set(store.frames.map(\.path)) {
            // A hole larger than a block can take several groups at once: see the next test.
            for unit in [512, 4096] where unit <= blockBytes {
                for start in stride(from: 0, to: count, by: unit * TestExtent.every(3)) {
                    Self.attempt(
                        store, path, &tally, tolerant: start % 4096 == 0, lostMax: 99,
                        "\(path):\(start) zeroed \(unit)"
                    ) { bytes in
                        for index in start..<start + unit { bytes[index] = 0 }
                    }
                }
            }
            let used = store.frames.filter { $0.path == path }.map(\.range.lowerBound)
            let starts = used + [0, blockBytes, store.layout.headerTwinOffset]
            for (from, to) in starts.flatMap({ from in starts.map { (from, $0) } }) where from != to
            {
                Self.attempt(
                    store, path, &tally, tolerant: true, lostMax: 99,
                    "\(path):\(from) copied to \(to)"
                ) { bytes in
                    let block = Array(bytes[from..<from + blockBytes])
                    bytes.replaceSubrange(to..<to + blockBytes, with: block)
                }
                guard from < to else { continue }
                Self.attempt(store, path, &tally, "\(path):\(from) swapped with \(to)") { bytes in
                    let (one, two) = (
                        Array(bytes[from..<from + blockBytes]), Array(bytes[to..<to + blockBytes])
                    )
                    bytes.replaceSubrange(to..<to + blockBytes, with: one)
                    bytes.replaceSubrange(from..<from + blockBytes, with: two)
                }
            }
        }
        Self.report("moved blocks of \(blockBytes), \(ending)", tally)
    }

    @Test("a hole larger than a block takes the unmarked end of a log at most, and that is said")
    func largeHoles() throws {
        for ending in StoreEnding.allCases {
            let store = try DamagedStore(ending)
            for path in Set(store.frames.map(\.path)) {
                for start in stride(from: 0, to: store.layout.segmentBytes, by: 4096) {
                    let damaged = store.files.clone()
                    damaged.edit(path) {
                        $0.replaceSubrange(
                            start..<start + 4096, with: [UInt8](repeating: 0, count: 4096))
                    }
                    guard case .wrong = store.outcome(of: damaged) else { continue }
                    let core = try openCore(damaged)
                    let content = try core.content()
                    #expect(core.receipt.end == .unmarked)
                    #expect(ending != .closed && ending != .idle)
                    #expect(
                        content.events == Array(store.model.events.prefix(content.events.count)))
                }
            }
        }
    }
}
