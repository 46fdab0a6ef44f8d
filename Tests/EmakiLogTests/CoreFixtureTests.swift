import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// A store of draft format 4, kept as text: `file PATH LENGTH`, then `OFFSET HEX` for every 32
/// bytes that are not all zero. Never regenerated; a new format adds a new one: the environment
/// variable EMAKI_FIXTURE names the file that it is written to.
@Suite struct CoreFixtureTests {
    private static let name = "draft-4.txt"

    private static func fixture(_ name: String = name) throws -> String {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        return try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    /// The history that the fixture was made from.
    private static func history() throws -> CoreHarness {
        let harness = try CoreHarness(blockBytes: 512, seed: 2026)
        try harness.core.prepareSegments()
        try harness.append([
            StreamAppend(
                to: "order-7",
                [
                    Event(type: "Placed", text: #"{"total":42}"#, id: EventID(low: 1, high: 2)),
                    Event(type: "Paid", payload: [], metadata: [1, 2, 3]),
                ], expecting: .noStream),
            StreamAppend(to: "ünïcode", [Event(type: "T", payload: [0, 255])]),
        ])
        _ = try harness.core.offerRemoval(of: "order-7", through: 1)
        _ = try harness.core.offerExpiry(of: "order-7", at: 1_900_000_000_000_000_000)
        try harness.commit()
        try harness.mark()
        try harness.append(to: "large", [[UInt8](repeating: 0, count: 62_000)])
        try harness.append(to: "large", [[UInt8](repeating: 0, count: 4000)])
        #expect(try harness.core.seal())
        _ = try harness.core.offerRemoval(of: "ünïcode", through: nil)
        try harness.close()
        return harness
    }

    @Test("a store of an earlier draft format is refused by its number") func earlierDraft() throws
    {
        for version in [1, 2, 3] as [UInt32] {
            let files = try Self.parse(Self.fixture("draft-\(version).txt"))
            #expect(throws: LogError.unsupportedFormat(file: "STORE", version: version)) {
                _ = try openCore(files)
            }
        }
    }

    @Test("a store of draft format 4 opens and has the content that it was made with")
    func opens() throws {
        let files = try Self.parse(Self.fixture())
        let core = try openCore(files)
        let history = try Self.history()
        try history.reopen(.readOnly())
        #expect(try core.content() == history.core.content())
        #expect(core.receipt.wasClosed)
        #expect(core.segments.count == 2)
        #expect(core.activeIndex == 0)
        #expect(core.sealed.files.count == 1)
        // Truncated, in the file of removals.
        #expect(try core.durableEvent(at: 0) == nil)
        #expect(try core.durableEvent(at: 1)?.type == "Paid")
        #expect(core.manifest.removalFileNumber == 1)
        // Deleted, in a segment.
        #expect(try core.durableEvent(at: 2) == nil)
        #expect(try core.durableVersion(of: "ünïcode") == 1)
        #expect(try core.durableEvent(at: 6)?.stream.text == "large")
        #expect(core.takeDue(at: 1_899_999_999_999_999_999, limit: 1).isEmpty)
        #expect(core.takeDue(at: 1_900_000_000_000_000_000, limit: 1).count == 1)
    }

    @Test("the same history, entropy and instants give the same bytes") func reproduces() throws {
        let written = Self.text(of: try Self.history().files)
        if let path = ProcessInfo.processInfo.environment["EMAKI_FIXTURE"] {
            try written.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let isSame = try written == Self.fixture()
        #expect(isSame, "the format changed: give it a new number and add a new fixture")
    }

    // MARK: Text

    static func text(of files: MemoryFileSystem) -> String {
        var lines: [String] = []
        for path in files.filePaths {
            let bytes = files[path]
            lines.append("file \(path) \(bytes.count)")
            for offset in stride(from: 0, to: bytes.count, by: 32) {
                let row = bytes[offset..<min(offset + 32, bytes.count)]
                guard row.contains(where: { $0 != 0 }) else { continue }
                let hex = row.map { byte in
                    String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
                }
                lines.append("\(offset) \(hex.joined())")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func parse(_ text: String) throws -> MemoryFileSystem {
        let files = MemoryFileSystem()
        try files.makeFolder("wal")
        try files.makeFolder("sealed")
        var path = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "file" {
                path = String(words[1])
                files[path] = [UInt8](repeating: 0, count: try #require(Int(words[2])))
                continue
            }
            let offset = try #require(Int(words[0]))
            let digits = Array(words[1].utf8)
            let row = stride(from: 0, to: digits.count, by: 2).compactMap { index in
                UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
            }
            files.edit(path) { $0.replaceSubrange(offset..<offset + row.count, with: row) }
        }
        return files
    }
}
