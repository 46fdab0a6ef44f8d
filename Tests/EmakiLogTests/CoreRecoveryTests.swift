import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Files that are gone or cut short, twins, tolerant opens, repair, creation.
@Suite struct CoreRecoveryTests {
    @Test("a file that is gone is missed by name") func missingFiles() throws {
        let store = try DamagedStore(.recycled)
        for path in store.files.filePaths where path != Reserve.name {
            let damaged = store.files.clone()
            damaged.forget(path)
            guard case .refused(let corruption) = store.outcome(of: damaged) else {
                Issue.record("\(path)")
                continue
            }
            #expect(corruption.reason == .missingFile)
            #expect(corruption.file == path)
        }
    }

    @Test("a file of another length is refused by name, at every length around a page")
    func wrongSizes() throws {
        let store = try DamagedStore(.idle)
        var count = 0
        // The reserve may have any size, or be gone.
        for path in store.files.filePaths where path != Reserve.name {
            let whole = store.files[path]
            for page in stride(from: 0, through: whole.count + 4096, by: 4096) {
                for length in [page - 1, page, page + 1] where length >= 0 && length != whole.count
                {
                    let damaged = store.files.clone()
                    let longer = whole + [UInt8](repeating: 0, count: 5000)
                    damaged[path] = Array(longer.prefix(length))
                    let outcome = store.outcome(of: damaged)
                    count += 1
                    // Half a twin file is a twin file with a half that does not match.
                    guard case .refused(let corruption) = outcome else {
                        Issue.record("\(path) of \(length) bytes: \(outcome)")
                        continue
                    }
                    #expect(corruption.file == path)
                    #expect(corruption.reason == .wrongSize || corruption.reason == .badHeader)
                }
            }
        }
        print("files of another length: \(count) refused")
    }

    private func content(of files: MemoryFileSystem) throws(LogError) -> LogContent? {
        let core = try openCore(files)
        do {
            return try core.content()
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test("a read error is not the end of a file") func readErrors() throws {
        let store = try DamagedStore(.idle)
        let counted = store.files.clone()
        counted.resetCounts()
        _ = try openCore(counted)
        for number in 1...(counted.counts[.read] ?? 0) {
            let failing = store.files.clone()
            failing.fault = .init(kind: .read, number: number)
            // A segment is read again block by block, so an error that passes costs nothing.
            do throws(LogError) {
                #expect(try content(of: failing) == store.model)
            } catch {
                #expect(failing.contents == store.files.contents)
            }
            #expect(try openCore(failing).content() == store.model)
        }
    }

    @Test(
        "one bad copy of STORE or MANIFEST is mended; two are refused; a newer format is named",
        arguments: ["STORE", "MANIFEST"])
    func twins(path: String) throws {
        let store = try DamagedStore(.idle)
        let half = store.files[path].count / 2
        for start in [0, half] {
            let damaged = store.files.clone()
            damaged.edit(path) { $0[start + 30] ^= 0xff }
            let core = try openCore(damaged)
            #expect(core.receipt.mended == [path])
            #expect(damaged[path] == store.files[path])
            let readOnly = store.files.clone()
            readOnly.edit(path) { $0[start + 30] ^= 0xff }
            let before = readOnly.contents
            #expect(try openCore(readOnly, .readOnly()).receipt.mended == [path])
            #expect(readOnly.contents == before)
        }
        let both = store.files.clone()
        both.edit(path) { bytes in
            bytes[30] ^= 0xff
            bytes[half + 31] ^= 0xff
        }
        guard case .refused(let corruption) = store.outcome(of: both) else {
            Issue.record("both copies of \(path) are bad")
            return
        }
        #expect(corruption.reason == .badHeader)
        let newer = store.files.clone()
        newer.edit(path) { bytes in
            for start in [0, half] {
                bytes[start + 12] = 9
                let length = Int(bytes[start + 16]) + Int(bytes[start + 17]) << 8
                let sum = Array(bytes[start + 12..<start + length]).withRawSpan {
                    Checksum.crc32c($0)
                }
                for index in 0..<4 { bytes[start + 8 + index] = UInt8(sum >> (8 * index) & 0xff) }
            }
        }
        #expect(throws: LogError.unsupportedFormat(file: path, version: 9)) { try openCore(newer) }
    }

    @Test("two good copies of MANIFEST that differ are not taken for one")
    func differingTwins() throws {
        let harness = try CoreHarness(seed: 8)
        let old = harness.files["MANIFEST"]
        try harness.core.prepareSegments()
        for _ in 0..<3 { try harness.append(to: "a", [bytes(40_000)]) }
        let half = old.count / 2
        for start in [0, half] {
            let damaged = harness.files.clone()
            damaged.edit("MANIFEST") {
                $0.replaceSubrange(start..<start + half, with: old[..<half])
            }
            do {
                let content = try openCore(damaged).content()
                #expect(content == harness.model, "copy at \(start) is old")
            } catch let error as LogError {
                guard case .corrupt = error else { throw error }
            }
        }
    }

    @Test(
        "a tolerant read-only open shows what is whole, names the damage, and calls nothing torn",
        arguments: [1, 2, 3, 4])
    func tolerant(frame: Int) throws {
        let store = try DamagedStore(.closed)
        let damaged = store.files.clone()
        let (path, range) = store.frames[frame]
        damaged.edit(path) { $0[range.lowerBound + 2] ^= 1 }
        guard case .refused = store.outcome(of: damaged.clone()) else {
            Issue.record("frame \(frame) is needed")
            return
        }
        #expect(store.faultOfTolerantOpen(damaged, lostMax: store.groupEventsMax) == nil)
    }

    @Test("damage that nothing follows is damage in a tolerant open too, not a torn frame")
    func tolerantEnd() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 4)
        try harness.append(to: "a", [[1], [2]])
        let last = harness.core.gathering.start
        try harness.append(to: "a", [[3]])
        try harness.mark()
        // The last group and the mark's frame rot; the slot still proves that there was a group.
        harness.files.edit(harness.core.active.path) { bytes in
            bytes[last + 50] ^= 1
            bytes[last + 512 + 50] ^= 1
        }
        #expect(throws: LogError.self) { try openCore(harness.files.clone()) }
        let core = try openCore(harness.files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.end == .damaged)
        #expect(core.receipt.damages.count == 1)
        #expect(core.receipt.cuts.isEmpty)
        let content = try core.content()
        #expect(content.events.prefix(2) == harness.model.events.prefix(2))
        #expect(content.events.dropFirst(2) == [nil])
    }

    @Test("a lost version is an entry of its own in its stream") func lostVersions() throws {
        let harness = try CoreHarness(blockBytes: 512, seed: 4)
        for number in 1...4 { try harness.append(to: "a", [[UInt8(number)]]) }
        let third = harness.core.gathering.start - 2 * 512
        harness.files.edit(harness.core.active.path) { $0[third + 140] ^= 1 }
        var repair = Repair(files: harness.files)
        #expect(try repair.run().losses.map(\.firstPosition) == [2])
        let core = try openCore(harness.files)
        let found = core.index.find("a")
        let slot = try #require(found)
        var entries: [LogIndex.Entry] = []
        core.index.visit(slot, from: 1, backwards: false, durable: core.durableEnd) { _, entry in
            entries.append(entry)
            return true
        }
        #expect(entries == [.event(0), .event(1), .lost, .event(3)])
    }

    // MARK: Repair

    @Test(
        "a repair keeps every whole event, records the loss, keeps copies, and repeats to nothing",
        arguments: StoreEnding.allCases)
    func repairs(ending: StoreEnding) throws {
        let store = try DamagedStore(ending)
        for (path, range) in store.frames.dropLast() {
            for offset in [1, 60, 140] where range.count > offset {
                let damaged = store.files.clone()
                damaged.edit(path) { $0[range.lowerBound + offset] ^= 0x10 }
                guard case .refused = store.outcome(of: damaged.clone()) else { continue }
                let before = Array(damaged.contents.values)
                let seen = try openCore(damaged.clone(), .readOnly(toleratingDamage: true))
                    .content()
                var repair = Repair(files: damaged)
                let report = try repair.run()
                #expect(report.damages.count == 1)
                #expect(report.losses.count == 1)
                #expect(report.copies.count == 1)
                let copy = report.copies.first.map { damaged[$0] } ?? []
                #expect(before.contains(copy))
                try Self.isRepaired(damaged, seen)
                let after = damaged.contents
                var again = Repair(files: damaged)
                #expect(try again.run() == RepairReport())
                #expect(damaged.contents == after)
            }
        }
    }

    private static func isRepaired(_ files: MemoryFileSystem, _ seen: LogContent) throws {
        let core = try openCore(files)
        let content = try core.content()
        #expect(content == seen)
        #expect(core.receipt.losses.count == 1)
        // The log goes on with new positions, and opens again with the same.
        let parts = [StreamAppend(to: "after", [Event(type: "T")])]
        let batch = try MeasuredBatch(
            MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
        try core.prepareSegments()
        guard case .staged(let positions) = core.stage(batch, version: { _, _ in }) else {
            Issue.record("no append after a repair")
            return
        }
        #expect(positions.lowerBound.rawValue == content.first + UInt64(content.events.count))
        try core.commit(at: 1)
        let grown = try core.content()
        let copy = files.clone()
        #expect(try openCore(copy).content() == grown)
    }

    @Test("a crash at any call of a repair leaves the store damaged or repaired")
    func crashedRepairs() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[2]
        let damaged = store.files.clone()
        damaged.edit(path) { $0[range.lowerBound + 60] ^= 1 }
        let seen = try openCore(damaged.clone(), .readOnly(toleratingDamage: true)).content()
        let counted = damaged.clone()
        counted.resetCounts()
        var whole = Repair(files: counted)
        _ = try whole.run()
        var states = 0
        for number in 1...counted.changeCount {
            for (takesEffect, kept) in [(false, 0), (true, 0), (false, 200)] {
                for (keepsEntries, keepsBytes) in CoreFaultTests.powerLosses {
                    let failing = damaged.clone()
                    failing.fault = .init(
                        kind: nil, number: number, takesEffect: takesEffect, bytesKept: kept,
                        changesUntilStop: 0)
                    var repair = Repair(files: failing)
                    #expect(throws: LogError.self) { try repair.run() }
                    let left = failing.afterPowerLoss(
                        keepingEntries: keepsEntries, keepingBytes: keepsBytes)
                    var second = Repair(files: left)
                    _ = try second.run()
                    #expect(try openCore(left).content() == seen)
                    states += 1
                }
            }
        }
        print("crashes of a repair: \(states) states")
    }

    // MARK: Creation

    @Test(
        "a crash at any call of a creation leaves a folder that can be made a store, or is one",
        arguments: [512, 4096])
    func crashedCreations(blockBytes: Int) throws {
        func lay(_ files: MemoryFileSystem, seed: UInt64) throws(LogError) {
            _ = try StoreCreation.lay(
                CoreHarness.smallOptions, blockBytes: blockBytes, method: .dataSync, rawLatency: 1,
                in: files, path: "memory", entropy: SeededEntropy(seed: seed), now: 1)
        }
        let counted = MemoryFileSystem()
        try lay(counted, seed: 1)
        var stores = 0
        for number in 1...counted.changeCount {
            for (takesEffect, kept) in [(false, 0), (true, 0), (false, 4096)] {
                for (keepsEntries, keepsBytes) in CoreFaultTests.powerLosses {
                    let failing = MemoryFileSystem()
                    failing.fault = .init(
                        kind: nil, number: number, takesEffect: takesEffect, bytesKept: kept,
                        changesUntilStop: 0)
                    #expect(throws: LogError.self) { try lay(failing, seed: 1) }
                    let left = failing.afterPowerLoss(
                        keepingEntries: keepsEntries, keepingBytes: keepsBytes)
                    if left.filePaths.contains("STORE") {
                        stores += 1
                        #expect(try openCore(left).content() == LogContent())
                    } else {
                        try lay(left, seed: 2)
                        #expect(try openCore(left).content() == LogContent())
                    }
                }
            }
        }
        print("crashes of a creation: \(12 * counted.changeCount) states, \(stores) are stores")
    }
}
