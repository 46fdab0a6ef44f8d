import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// STORE and MANIFEST when the disk gives only half of them, or has no room to write them again.
@Suite struct CoreTwinTests {
    @Test(
        "a copy that the device cannot read costs nothing; both are refused with the place",
        arguments: ["STORE", "MANIFEST"])
    func unreadable(_ name: String) throws {
        let store = try DamagedStore(.closed)
        let byteCount = store.files[name].count
        for half in [0, byteCount / 2] {
            let files = store.files.clone()
            let disk = UnreadableFileSystem(files, path: name, bad: half..<half + 512)
            let core = try LogCore.open(
                in: disk, configuration: Configuration(), entropy: SeededEntropy(seed: 1))
            #expect(core.receipt.mended.contains(name))
            #expect(try core.content() == store.model)
            core.closeFiles()
        }
        let disk = UnreadableFileSystem(store.files.clone(), path: name, bad: 0..<byteCount)
        let error = #expect(throws: LogError.self) {
            try LogCore.open(
                in: disk, configuration: Configuration(), entropy: SeededEntropy(seed: 1))
        }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == name)
        #expect(damage.reason == .unreadable)
    }

    @Test(
        "a damaged copy that cannot be written again is a warning, not a refusal",
        arguments: ["STORE", "MANIFEST"], [ENOSPC, EROFS, EACCES])
    func unmended(_ name: String, _ code: Int32) throws {
        let store = try DamagedStore(.closed)
        let files = store.files.clone()
        files.edit(name) { $0[40] ^= 1 }
        files.resetCounts()
        files.fault = .init(kind: .write, number: 1, code: code)
        let core = try openCore(files)
        #expect(!core.receipt.mended.contains(name))
        #expect(core.receipt.warnings.contains { $0.contains(name) })
        #expect(try core.content() == store.model)
        core.closeFiles()
    }

    @Test("a store without its folder of segments lacks segments, and says so")
    func missingFolder() throws {
        let store = try DamagedStore(.closed)
        let files = MemoryFileSystem()
        for name in ["STORE", "MANIFEST"] { files[name] = store.files[name] }
        let error = #expect(throws: LogError.self) { try openCore(files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.reason == .missingFile)
        let core = try openCore(files, .readOnly(toleratingDamage: true))
        #expect(core.receipt.damages.contains { $0.reason == .missingFile })
        core.closeFiles()
    }

    @Test("a group whose first sector reads zero, behind a mark, is no marked end")
    func sectorAfterMark() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        try harness.close()
        try harness.reopen()
        let offset = harness.core.gathering.start
        let path = harness.core.active.path
        try harness.append(to: "a", [bytes(1500)])
        let files = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
        files.edit(path) {
            $0.replaceSubrange(offset..<offset + 512, with: repeatElement(0, count: 512))
        }
        let core = try openCore(files)
        #expect(core.receipt.end == .unmarked)
        #expect(!core.receipt.wasClosed)
        core.closeFiles()
    }

    @Test("after a poisoning, what is stored is said to be, and what may be is said to be unknown")
    func retriesAfterPoisoning() throws {
        let harness = try CoreHarness()
        func batch(_ stream: StreamID, _ id: UInt64) -> [StreamAppend] {
            [
                StreamAppend(
                    to: stream,
                    [Event(type: "T", payload: [1], id: EventID(low: id, high: 1))],
                    expecting: .noStream)
            ]
        }
        try harness.append(batch("a", 1))
        harness.files.resetCounts()
        harness.files.fault = .init(kind: .writeDurably, number: 1)
        try harness.stage(batch("b", 2))
        #expect(throws: (any Error).self) { try harness.commit() }
        #expect(harness.core.isPoisoned)
        guard case .repeated(let positions) = try harness.outcome(of: batch("a", 1)) else {
            Issue.record("it is stored")
            return
        }
        #expect(positions.lowerBound == .start)
        for (stream, id, wanted) in [
            ("b", 2, LogError.outcomeUnknown), ("c", 3, .poisoned), ("a", 4, .poisoned),
        ] {
            let parts = batch(StreamID(stringLiteral: stream), UInt64(id))
            guard case .refused(let error, _) = try harness.outcome(of: parts) else {
                Issue.record("\(stream) is refused")
                continue
            }
            #expect(error == wanted)
        }
    }
}
