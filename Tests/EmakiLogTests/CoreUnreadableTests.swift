import EmakiPlatform
import Testing

@testable import EmakiLog

/// Blocks that the device cannot read, and frames that this version does not understand.
@Suite struct CoreUnreadableTests {
    @Test(
        "an unreadable block is named if anything may need it, and holds nothing up otherwise",
        arguments: StoreEnding.allCases)
    func everyBlock(state: StoreEnding) throws {
        let store = try DamagedStore(state)
        let layout = try openCore(store.files.clone()).layout
        var refusedCount = 0
        var openedCount = 0
        for path in store.files.filePaths where path.hasPrefix("wal/") {
            for start in stride(from: 0, to: layout.segmentBytes, by: layout.blockBytes) {
                let bad = start..<start + layout.blockBytes
                let disk = store.files.clone()
                let files = UnreadableFileSystem(disk, path: path, bad: bad)
                do {
                    let core = try openHere(files)
                    #expect(try core.content() == store.model, "\(path):\(start)")
                    openedCount += 1
                } catch let error as LogError {
                    guard case .corrupt(let corruption) = error else { throw error }
                    #expect(corruption.file.hasPrefix("wal/"), "\(path):\(start)")
                    refusedCount += 1
                    try goesOn(UnreadableFileSystem(store.files.clone(), path: path, bad: bad))
                }
            }
        }
        print(
            "unreadable blocks, \(state): \(openedCount) needed by nothing, \(refusedCount) refused"
        )
        #expect(refusedCount > 0)
        #expect(openedCount > 0)
    }

    /// What is left is readable, and after a repair the store opens for writing.
    private func goesOn(_ files: UnreadableFileSystem) throws {
        let tolerant = try openHere(files, .readOnly(toleratingDamage: true))
        #expect(!tolerant.receipt.damages.isEmpty)
        _ = try tolerant.content()
        var repair = Repair(files: files)
        let report = try repair.run()
        #expect(!report.damages.isEmpty)
        #expect(!report.copies.isEmpty)
        _ = try openHere(files).content()
    }

    private func openHere(
        _ files: any FileSystem, _ configuration: Configuration = Configuration()
    ) throws(LogError) -> LogCore {
        try LogCore.open(
            in: files, configuration: configuration, entropy: SeededEntropy(seed: 5))
    }

    @Test("a frame of a kind that this version never writes is refused, not cut")
    func unknownKind() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        try harness.append(to: "a", [[2]])
        harness.core.closeFiles()
        let start = harness.core.layout.framesOffset + harness.core.layout.blockBytes
        harness.files.edit("wal/00000000") { Self.makeUnknown(&$0, at: start) }
        let before = harness.files.contents
        #expect(throws: LogError.self) { _ = try openCore(harness.files) }
        #expect(throws: LogError.self) {
            var repair = Repair(files: harness.files)
            _ = try repair.run()
        }
        #expect(harness.files.contents == before)
    }

    @Test("such a frame behind a torn one is refused at once, and not once the torn one was cut")
    func unknownKindBehindTorn() throws {
        let harness = try CoreHarness()
        for byte in UInt8(1)...3 { try harness.append(to: "a", [[byte]]) }
        harness.core.closeFiles()
        let (first, block) = (harness.core.layout.framesOffset, harness.core.layout.blockBytes)
        harness.files.edit("wal/00000000") { bytes in
            bytes[first + block + FrameHeader.byteCount] ^= 1
            Self.makeUnknown(&bytes, at: first + 2 * block)
        }
        let before = harness.files.contents
        for _ in 0..<2 {
            #expect(throws: LogError.self) { _ = try openCore(harness.files) }
            #expect(harness.files.contents == before)
        }
    }

    /// Gives a header a kind of later versions, and its true checksum.
    private static func makeUnknown(_ bytes: inout [UInt8], at start: Int) {
        bytes[start + 96] = 200
        let header = Array(bytes[start + 8..<start + FrameHeader.byteCount])
        let checksum = header.withRawSpan { Checksum.crc32c($0) }
        for index in 0..<4 {
            bytes[start + 4 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
        }
    }

    @Test("the bytes that a mark is written from do not change while appends are staged")
    func markBytesAreStable() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        let (frame, _) = harness.core.beginMark(isClosing: false, at: 5)
        let write = try #require(frame)
        let range = write.bytesStart..<write.bytesStart + write.range.count
        let before = write.bytes.withBytes(in: range) { $0.copyToArray() }
        _ = try harness.outcome(of: [
            StreamAppend(to: "b", [Event(type: "T", payload: [7, 7, 7])])
        ])
        #expect(write.bytes.withBytes(in: range) { $0.copyToArray() } == before)
    }
}
