import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// Scrubbing in the background, of a real log on a real disk.
@Suite("Scrub in the background") struct ScrubberTests {
    private static func quick(_ configuration: inout Configuration) {
        configuration.scrubInterval = .milliseconds(1)
        configuration.scrubBytesPerSecond = 1 << 30
        configuration.mergesInBackground = false
    }

    private func fill(_ log: EventLog, _ count: Int = 60) async throws {
        for number in 0..<count {
            try await log.append(
                Event(type: "T", payload: bytes(9_000, seed: number)),
                to: number % 2 == 0 ? "a" : "b")
        }
        try await log.seal()
    }

    @Test("passes follow one another while events are appended, read, sealed and merged")
    func passes() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.quick(&$0) }
        for _ in 0..<4 {
            try await fill(log)
            try await log.merge()
        }
        let passes = log.statistics.scrubPasses
        await passed { log.statistics.scrubPasses >= passes + 3 }
        let figures = log.statistics
        #expect(figures.scrubbedBytes >= 2 * UInt64(figures.sealedFileBytes))
        #expect(figures.scrubRepairs == 0 && figures.scrubDamages == 0)
        #expect(figures.scrubFailure == nil && figures.lastScrubDamage == nil)
        #expect(try log.events().count == 240)
        await log.close()
        #expect(log.statistics.scrubPasses >= figures.scrubPasses)
    }

    @Test("damage on the device is mended without anybody asking, and its place is shown")
    func mends() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.quick(&$0) }
        try await fill(log)
        let path = log.peek { $0.core.sealed.files[0].pages.path }
        let url = URL(filePath: store.path + "/" + path)
        let whole = try Data(contentsOf: url)
        let handle = try FileHandle(forWritingTo: url)
        try handle.seek(toOffset: 8_192)
        try handle.write(contentsOf: Data(repeating: 0, count: 64))
        await passed { log.statistics.scrubRepairs > 0 }
        #expect(try Data(contentsOf: url) == whole)
        #expect(log.statistics.lastScrubRepair == "\(path):8192")
        #expect(log.statistics.description.contains("the last at \(path):8192"))
        // Beyond what parity can mend: a page, and the parity of its stripe. Whichever is mended
        // in between is damaged again.
        let pages = log.peek { $0.core.sealed.files[0].footer.coveredPageCount }
        let parity = 1 + pages + PageParity.parityPage(of: 0, in: pages)
        await passed {
            for page in [1, parity] {
                try? handle.seek(toOffset: UInt64(page) * 4_096)
                try? handle.write(contentsOf: Data(repeating: 9, count: 4_096))
            }
            return log.statistics.lastScrubDamage != nil
        }
        let damage = try #require(log.statistics.lastScrubDamage)
        #expect(damage.corruption.file == path && damage.streams.first == "a")
        #expect(log.statistics.description.contains("DAMAGED"))
        try await log.append(Event(type: "T", text: "1"), to: "c")
        await log.close()
    }

    @Test("closing ends a rest of days, and one in the middle of a pass")
    func closes() async throws {
        let store = try ShellStore()
        var log = try store.open()
        #expect(log.peek { $0.scrubber != nil })
        try await fill(log)
        await log.close()
        log = try store.open {
            $0.scrubInterval = .milliseconds(1)
            $0.scrubBytesPerSecond = 1
        }
        await passed { log.statistics.scrubbedBytes > 0 }
        await log.close()
        #expect(log.statistics.scrubPasses == 0)
        log = try store.open { $0.scrubBytesPerSecond = 0 }
        #expect(log.peek { $0.scrubber == nil })
        await log.close()
        log = try store.open { $0.isReadOnly = true }
        #expect(log.peek { $0.scrubber == nil })
        await log.close()
    }

    @Test("a log that nobody holds any more closes, though it scrubs")
    func dropped() async throws {
        let store = try ShellStore()
        var log: EventLog? = try store.open { Self.quick(&$0) }
        if let log { try await fill(log) }
        weak let committer = log?.committer
        log = nil
        await passed {
            guard let committer else { return true }
            return committer.lock.withLock { committer.isClosed }
        }
        let again = try store.open()
        await again.close()
    }

    @Test("the file of removals is looked at, too")
    func removals() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.quick(&$0) }
        try await fill(log)
        try await log.truncate("a", before: 5)
        try await fill(log)
        let file = try #require(log.peek { $0.core.manifest.removalFile })
        let url = URL(filePath: store.path + "/" + file.path)
        let whole = try Data(contentsOf: url)
        let handle = try FileHandle(forWritingTo: url)
        try handle.seek(toOffset: 40)
        try handle.write(contentsOf: Data([0xff]))
        await passed { log.statistics.lastScrubRepair == "\(file.path):0" }
        #expect(try Data(contentsOf: url) == whole)
        await log.close()
    }
}
