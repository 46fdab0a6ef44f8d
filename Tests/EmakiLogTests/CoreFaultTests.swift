import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// A life of a small store that passes through everything that touches the disk, told in steps of
/// which each may fail.
struct StoreLife {
    var blockBytes = 4096
    /// Errors by step; the life goes on after them.
    private(set) var errors: [String] = []

    private mutating func step(_ name: String, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            errors.append("\(name): \(error)")
        }
    }

    /// Bytes that fill most of a segment.
    private static let large = bytes(40_000)

    mutating func run(_ harness: CoreHarness) {
        step("prepare") { try harness.core.prepareSegments() }
        for round in 0..<2 {
            step("first \(round)") { try harness.append(to: "a", [[1], [2]]) }
            step("large \(round)") { try harness.append(to: "big", [Self.large]) }
            step("mark \(round)") { try harness.mark() }
            step("two streams \(round)") {
                try harness.append([
                    StreamAppend(to: "a", [Event(type: "T", payload: bytes(5000))]),
                    StreamAppend(to: "b", [Event(type: "U", id: EventID(low: 1, high: 2))]),
                ])
            }
            step("rotated \(round)") { try harness.append(to: "big", [Self.large]) }
            step("prepare \(round)") { try harness.core.prepareSegments() }
        }
        step("retire") { try Self.retire(harness, upTo: 2) }
        step("recycle") { try harness.core.prepareSegments() }
        for round in 0..<4 {
            step("in a recycled segment \(round)") { try harness.append(to: "big", [Self.large]) }
            step("small \(round)") { try harness.append(to: "c", [[9]]) }
        }
        step("retire again") { try Self.retire(harness, upTo: 4) }
        step("recycle again") { try harness.core.prepareSegments() }
        step("open again") {
            if !harness.core.isPoisoned {
                try harness.mark()
                try harness.reopen()
            }
        }
        step("last") { try harness.append(to: "a", [[3]]) }
        step("close") {
            // A poisoned log writes no mark.
            if !harness.core.isPoisoned { try harness.close() }
        }
    }

    /// A poisoned log retires nothing.
    private static func retire(_ harness: CoreHarness, upTo number: UInt64) throws {
        if !harness.core.isPoisoned { try harness.retire(upTo: number) }
    }

    /// The disk after the whole life, and how often each call came.
    static func rehearse(blockBytes: Int = 4096) throws -> MemoryFileSystem {
        let harness = try CoreHarness(blockBytes: blockBytes)
        harness.files.resetCounts()
        var life = StoreLife(blockBytes: blockBytes)
        life.run(harness)
        #expect(life.errors.isEmpty)
        #expect(harness.core.active.number >= 7, "the life was meant to go through many segments")
        return harness.files
    }
}

@Suite struct CoreFaultTests {
    static let powerLosses = [(true, true), (true, false), (false, true), (false, false)]

    /// Opens what is left, and holds it to what was promised; then lives on with it.
    static func check(
        _ files: MemoryFileSystem, _ harness: CoreHarness, livesOn: Bool, _ note: String
    ) throws {
        let core: LogCore
        do {
            core = try openCore(files, seed: 4242)
        } catch {
            Issue.record("\(note): \(error)")
            return
        }
        let content = try core.content()
        let isAllowed = harness.allowed.contains(content)
        #expect(
            isAllowed,
            "\(note)\n\(content.summary)\nallowed:\n\(harness.allowed.map(\.summary))")
        #expect(
            core.receipt.durablePosition.rawValue == content.first + UInt64(content.events.count))
        core.closeFiles()
        let before = files.contents
        let again = try openCore(files.clone(), seed: 4243)
        #expect(try again.content() == content, "\(note), opened again")
        #expect(files.contents == before)
        if livesOn { try liveOn(files, content, note) }
    }

    private static func liveOn(
        _ files: MemoryFileSystem, _ content: LogContent, _ note: String
    ) throws {
        let core = try openCore(files, seed: 4244)
        var model = content
        for size in [10, 40_000, 40_000, 20] {
            try core.prepareSegments()
            let parts = [StreamAppend(to: "later", [Event(type: "L", payload: bytes(size))])]
            let batch = try MeasuredBatch(
                MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
            guard case .staged = core.stage(batch, version: { _, _ in }) else {
                Issue.record("\(note): no room to live on")
                return
            }
            try core.commit(at: 5)
            model.add(parts)
        }
        try core.mark(isClosing: true, at: 6)
        core.closeFiles()
        let reopened = try openCore(files, seed: 4245)
        #expect(try reopened.content() == model, "\(note), lived on")
        #expect(reopened.receipt.wasClosed)
    }

    @Test(
        "a crash at any call of a store's life keeps all that was acknowledged",
        arguments: [512, 4096])
    func crashes(blockBytes: Int) throws {
        let total = try StoreLife.rehearse(blockBytes: blockBytes).changeCount
        var checked = 0
        for number in stride(from: 1, through: total, by: TestExtent.every(3)) {
            for takesEffect in [false, true] {
                let harness = try CoreHarness(blockBytes: blockBytes)
                harness.files.resetCounts()
                harness.files.fault = .init(
                    kind: nil, number: number, takesEffect: takesEffect, changesUntilStop: 0)
                var life = StoreLife(blockBytes: blockBytes)
                life.run(harness)
                #expect(harness.files.didFail)
                for (keepsEntries, keepsBytes) in Self.powerLosses {
                    let left = harness.files.afterPowerLoss(
                        keepingEntries: keepsEntries, keepingBytes: keepsBytes)
                    try Self.check(
                        left, harness, livesOn: keepsEntries != keepsBytes,
                        "stopped at change \(number), effect \(takesEffect), entries"
                            + " \(keepsEntries), bytes \(keepsBytes): \(life.errors.first ?? "")")
                    checked += 1
                }
            }
        }
        print("crashes of a life: \(total) calls, \(checked) states checked")
    }

    @Test(
        "the k-th call of each kind fails, for every k: nothing acknowledged is lost",
        arguments: MemoryFileSystem.Call.allCases)
    func failures(kind: MemoryFileSystem.Call) throws {
        let total = try StoreLife.rehearse().counts[kind] ?? 0
        var checked = 0
        for number in stride(from: 1, through: total, by: 1) {
            let ways = [(EIO, false), (EIO, true), (ENOSPC, false)]
            for (code, takesEffect) in TestExtent.isLong ? ways : [ways[number % 3]] {
                let harness = try CoreHarness()
                harness.files.resetCounts()
                harness.files.fault = .init(
                    kind: kind, number: number, code: code, takesEffect: takesEffect)
                var life = StoreLife()
                life.run(harness)
                #expect(harness.files.didFail)
                if kind == .writeDurably { #expect(harness.core.isPoisoned) }
                let content = try harness.core.content()
                let isSame = content == harness.model
                #expect(
                    isSame, "\(kind) \(number): \(content.summary)\n\(harness.model.summary)")
                for (keepsEntries, keepsBytes) in Self.powerLosses {
                    let left = harness.files.afterPowerLoss(
                        keepingEntries: keepsEntries, keepingBytes: keepsBytes)
                    try Self.check(
                        left, harness, livesOn: keepsEntries != keepsBytes,
                        "\(kind) \(number) failed with \(code), effect \(takesEffect), entries"
                            + " \(keepsEntries), bytes \(keepsBytes): \(life.errors.first ?? "")")
                    checked += 1
                }
            }
        }
        print("failures of \(kind): \(total) calls, \(checked) states checked")
    }

    @Test(
        "a call that fails after it took effect, and a crash soon after, lose nothing",
        arguments: [MemoryFileSystem.Call.rename, .syncFolder, .sync])
    func failureThenCrash(kind: MemoryFileSystem.Call) throws {
        let total = try StoreLife.rehearse().counts[kind] ?? 0
        var checked = 0
        for number in 1...total {
            let step = TestExtent.every(4)
            for changesUntilStop in stride(from: number % step, to: 14, by: step) {
                let harness = try CoreHarness()
                harness.files.resetCounts()
                harness.files.fault = .init(
                    kind: kind, number: number, takesEffect: changesUntilStop % 2 == 0,
                    changesUntilStop: changesUntilStop)
                var life = StoreLife()
                life.run(harness)
                for (keepsEntries, keepsBytes) in Self.powerLosses {
                    let left = harness.files.afterPowerLoss(
                        keepingEntries: keepsEntries, keepingBytes: keepsBytes)
                    try Self.check(
                        left, harness, livesOn: keepsEntries != keepsBytes,
                        "\(kind) \(number) failed, stopped \(changesUntilStop) changes later,"
                            + " entries \(keepsEntries), bytes \(keepsBytes):"
                            + " \(life.errors.first ?? "")")
                    checked += 1
                }
            }
        }
        print("failures of \(kind) and crashes soon after: \(checked) states checked")
    }
}
