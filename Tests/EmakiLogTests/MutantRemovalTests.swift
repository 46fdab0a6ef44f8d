import EmakiPlatform
import Testing

@testable import EmakiLog

/// Each check of a removal and of what MANIFEST says of sealed files, alone.
@Suite struct MutantRemovalTests {
    /// A deletion's bytes, changed, at the end of an image: whoever reads beyond it traps.
    private static func decoded(
        _ kind: RemovalRecord.Kind = .delete, byteCount: Int? = nil,
        _ change: (PageMemory, Int) -> Void = { _, _ in }
    ) throws -> RemovalRecord? {
        let record = RemovalRecord(kind, of: "ab", through: 5)
        let whole = RemovalRecord.byteCount(streamIDBytes: 2, kind)
        let scratch = try PageMemory(byteCount: 4096)
        record.encode(into: scratch, at: 0)
        change(scratch, 0)
        let count = byteCount ?? whole
        let image = try PageMemory(byteCount: 4096)
        let start = image.byteCount - count
        scratch.withBytes(in: 0..<count) { image.copy($0, at: start) }
        return RemovalRecord(from: image, batch: start..<image.byteCount)
    }

    @Test("a removal is its header and an id at least, and says nothing about sections")
    func shape() throws {
        #expect(try Self.decoded() == RemovalRecord(.delete, of: "ab", through: 5))
        #expect(try Self.decoded(byteCount: 8) == nil)
        #expect(try Self.decoded(byteCount: 24) == nil)
        #expect(try Self.decoded { $0.store(UInt8(1), at: $1 + 4) } == nil)
        #expect(try Self.decoded { $0.store(UInt8(9), at: $1 + 8) } == nil)
        #expect(try Self.decoded { $0.store(UInt8(9), at: $1 + 9) } == nil)
        // With the instant an expiry is long enough for a removal without an id.
        #expect(try Self.decoded(.expire)?.stream == "ab")
        #expect(try Self.decoded(.expire, byteCount: 32) { $0.store(UInt8(0), at: $1 + 9) } == nil)
        #expect(try Self.decoded { $0.store(UInt8(0xff), at: $1 + 24) } == nil)
    }

    @Test("a removal takes at least one version, and none that there cannot be")
    func versions() throws {
        #expect(try Self.decoded { $0.store(UInt64(0), at: $1 + 16) } == nil)
        let last = FrameHeader.positionMax
        #expect(try Self.decoded { $0.store(last, at: $1 + 16) }?.through == StreamVersion(last))
        #expect(try Self.decoded { $0.store(last + 1, at: $1 + 16) } == nil)
    }

    // MARK: Sealed files in MANIFEST

    private static var manifest: Manifest {
        var manifest = Manifest(storeID: Bits128(low: 1, high: 2))
        manifest.anchorSegment = 4
        manifest.nextFileIndex = 1
        manifest.nextSegmentNumber = 6
        manifest.segments = [.init(number: 5, incarnation: Bits128(low: 1, high: 0), fileIndex: 0)]
        manifest.anchor.nextPosition = 100
        manifest.nextSealedNumber = 9
        manifest.removalFileNumber = 8
        manifest.sealedFiles = [
            SealedEntry(number: 3, positions: 0..<40, footerChecksum: 1),
            SealedEntry(number: 7, positions: 50..<100, footerChecksum: 2),
        ]
        return manifest
    }

    private static func isConsistent(_ change: (inout Manifest) -> Void) -> Bool {
        var manifest = manifest
        change(&manifest)
        return manifest.isConsistent
    }

    @Test("sealed files in a MANIFEST follow one another, have numbers of their own, end in time")
    func sealedFiles() {
        #expect(Self.manifest.isConsistent)
        #expect(!Self.isConsistent { $0.sealedFiles.swapAt(0, 1) })
        #expect(!Self.isConsistent { $0.sealedFiles[1].positions = 39..<100 })
        #expect(Self.isConsistent { $0.sealedFiles[1].positions = 40..<100 })
        #expect(!Self.isConsistent { $0.sealedFiles[1].positions = 50..<50 })
        #expect(!Self.isConsistent { $0.sealedFiles[1].number = 9 })
        #expect(!Self.isConsistent { $0.sealedFiles[1].number = 3 })
        #expect(!Self.isConsistent { $0.sealedFiles[1].positions = 50..<101 })
        #expect(!Self.isConsistent { $0.removalFileNumber = 9 })
        #expect(!Self.isConsistent { $0.nextSealedNumber = FrameHeader.positionMax + 1 })
    }

    @Test("an entry of a sealed file has a number, and positions that can be counted")
    func entries() {
        func isConsistent(_ number: UInt64, _ positions: Range<Position>) -> Bool {
            SealedEntry(number: number, positions: positions, footerChecksum: 0).isConsistent
        }
        let most = UInt64(Int32.max)
        let last = FrameHeader.positionMax
        #expect(isConsistent(1, 5..<6))
        #expect(!isConsistent(0, 5..<6))
        #expect(!isConsistent(1, 5..<5))
        #expect(isConsistent(1, 5..<Position(5 + most)))
        #expect(!isConsistent(1, 5..<Position(6 + most)))
        #expect(isConsistent(1, Position(last - 1)..<Position(last)))
        #expect(!isConsistent(1, Position(last)..<Position(last + 1)))
    }
}
