import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("A pass of a scrub") struct ScrubPassTests {
    private static let pageBytes = PageParity.pageBytes

    /// A whole pass, from a random group on.
    private func scrub(
        _ sample: SealedSample, random: UInt64 = 0, isWritable: Bool = true,
        in files: (any FileSystem)? = nil
    ) throws -> (repairs: [Int], damages: [ScrubDamage], bytes: Int) {
        let set = SealedSet([try sample.open(isWritable: isWritable)])
        let pass = ScrubPass(over: set, in: files ?? sample.files, random: random)
        var (repairs, damages, bytes): ([Int], [ScrubDamage], Int) = ([], [], 0)
        while let outcome = try pass.step() {
            #expect(outcome.bytes <= ScrubPiece.bytesMax)
            repairs += outcome.repairs.map(\.fileOffset)
            damages += outcome.damages
            bytes += outcome.bytes
        }
        return (repairs, damages, bytes)
    }

    @Test("a sound file is read once, whole, and not written to, from whichever group on")
    func sound() throws {
        let sample = try SealedSample(
            seed: 31, .init(streamCount: 300, payloadBytesMax: 4_000, isCompressible: false))
        try #require(PageParity.groupCount(pages: sample.footer.coveredPageCount) > 1)
        for random in 0..<UInt64(TestExtent.isLong ? 4 : 2) {
            sample.files.resetCounts()
            let found = try scrub(sample, random: random)
            #expect(found.repairs.isEmpty && found.damages.isEmpty)
            #expect(found.bytes == sample.footer.fileBytes)
            #expect(sample.files[SealedSample.path] == sample.bytes)
        }
    }

    @Test("each page comes back, whatever it holds, and its place is named")
    func eachPage() throws {
        let sample = try SealedSample(seed: 11, .init(streamCount: 120))
        for page in 0..<sample.footer.filePageCount {
            sample.restore()
            sample.zero(page * Self.pageBytes..<(page + 1) * Self.pageBytes)
            let wasDamaged = sample.files[SealedSample.path] != sample.bytes
            let found = try scrub(sample)
            #expect(sample.files[SealedSample.path] == sample.bytes, "page \(page)")
            #expect(found.repairs == (wasDamaged ? [page * Self.pageBytes] : []), "page \(page)")
            #expect(found.damages.isEmpty)
        }
    }

    @Test("256 KiB of zeros in a row come back, in one pass")
    func stretch() throws {
        let sample = try SealedSample.ofFullSize()
        let pages = sample.footer.filePageCount
        for first in TestExtent.isLong ? [1, 40, 2000, pages - 65] : [2000] {
            sample.restore()
            sample.zero(first * Self.pageBytes..<(first + 64) * Self.pageBytes)
            let found = try scrub(sample)
            #expect(found.damages.isEmpty && !found.repairs.isEmpty)
            #expect(sample.files[SealedSample.path] == sample.bytes, "from page \(first)")
        }
    }

    @Test("damage beyond parity is named with its streams; the rest is mended, parity left alone")
    func beyondParity() throws {
        let sample = try SealedSample(
            seed: 14, .init(streamCount: 2_000, payloadBytesMax: 600, isCompressible: false))
        try #require(sample.footer[.chunks].pageCount > 200)
        let whole = sample.bytes
        for page in [3, 67, 70] {
            sample.zero(page * Self.pageBytes..<(page + 1) * Self.pageBytes)
        }
        // A page of another stripe in the same piece, and parity of the same group.
        let parity = (1 + sample.footer.coveredPageCount) * Self.pageBytes
        sample.files.edit(SealedSample.path) { $0[parity] ^= 1 }
        let before = sample.files[SealedSample.path]
        let found = try scrub(sample)
        #expect(found.repairs == [70 * Self.pageBytes])
        #expect(found.damages.map(\.corruption.fileOffset) == [3, 67].map { $0 * Self.pageBytes })
        let after = sample.files[SealedSample.path]
        #expect(after[70 * Self.pageBytes] == whole[70 * Self.pageBytes])
        // Parity over damaged pages is not made anew.
        #expect(after[parity] == before[parity])
        let names = Set(sample.streams.map(\.id))
        for damage in found.damages {
            #expect(!damage.streams.isEmpty && damage.streams.allSatisfy { names.contains($0) })
            #expect(damage.streams.count <= Limits.namedStreamsMax)
        }
        // Whose events they are: those that cannot be read.
        let file = try sample.open()
        var lost: Set<String> = []
        for (number, stream) in sample.streams.enumerated() {
            do throws(LogError) {
                try file.visit(try file.stream(number), from: .none) { _ in true }
            } catch { lost.insert(stream.id) }
        }
        #expect(lost == Set(found.damages.flatMap(\.streams)))
    }

    @Test("of a file that may not be written to, damage is named and nothing is changed")
    func readOnly() throws {
        let sample = try SealedSample(seed: 15, .init(streamCount: 200))
        sample.zero(Self.pageBytes..<2 * Self.pageBytes)
        let damaged = sample.files[SealedSample.path]
        let found = try scrub(sample, isWritable: false)
        #expect(found.repairs.isEmpty && found.damages.count == 1)
        #expect(sample.files[SealedSample.path] == damaged)
    }

    @Test("a page that is sound in the page cache and bad on the device is written to the device")
    func behindTheCache() throws {
        let sample = try SealedSample(seed: 16, .init(streamCount: 900, isCompressible: false))
        // Its stripe is of no help: another page of it is damaged in the file.
        try #require(sample.footer.coveredPageCount > 66)
        sample.zero(66 * Self.pageBytes..<67 * Self.pageBytes)
        let disk = StaleDevice(sample.files, badPages: [2, 5])
        let found = try scrub(sample, in: disk)
        #expect(found.repairs == [2, 5, 66].map { $0 * Self.pageBytes })
        #expect(found.damages.isEmpty && disk.badPages.isEmpty)
        #expect(sample.files[SealedSample.path] == sample.bytes)
    }

    @Test("a device that does not keep what is written to a page is found out")
    func deafDevice() throws {
        let sample = try SealedSample(seed: 16, .init(streamCount: 200))
        let disk = StaleDevice(sample.files, badPages: [2])
        disk.isDeaf = true
        let found = try scrub(sample, in: disk)
        #expect(found.repairs.isEmpty)
        #expect(found.damages.map(\.corruption.reason) == [.unreadable])
    }
}

/// A disk whose device does not hold what its page cache does: direct reads of some pages give
/// other bytes, until the page is written.
private final class StaleDevice: ForwardingFileSystem, @unchecked Sendable {
    let base: MemoryFileSystem
    var badPages: Set<Int>
    var isDeaf = false
    /// How it was before anything was written.
    private let writes: Int

    init(_ files: MemoryFileSystem, badPages: Set<Int>) {
        base = files
        self.badPages = badPages
        writes = files.counts[.write] ?? 0
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        var plain = mode
        plain.isDirect = false
        let file = try base.open(path, plain)
        return mode.isDirect ? Direct(file, self) : file
    }

    /// A write reaches the device, unless that is deaf.
    fileprivate func look() {
        if !isDeaf, base.counts[.write] ?? 0 > writes + (2 - badPages.count), badPages.count > 0 {
            badPages.remove(badPages.min() ?? 0)
        }
    }

    private final class Direct: File, @unchecked Sendable {
        private let file: any File
        private let disk: StaleDevice

        init(_ file: any File, _ disk: StaleDevice) {
            self.file = file
            self.disk = disk
        }

        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            disk.look()
            let count = try file.read(into: &bytes, at: fileOffset)
            for page in disk.badPages {
                let offset = page * PageParity.pageBytes - fileOffset
                if offset >= 0, offset < count {
                    bytes.storeBytes(of: 0xbad, toByteOffset: offset, as: UInt32.self)
                }
            }
            return count
        }

        func byteCount() throws(DiskError) -> Int { try file.byteCount() }
        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            try file.write(bytes, at: fileOffset)
        }
        func writeDurably(
            _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
        ) throws(DiskError) { try file.writeDurably(bytes, at: fileOffset, by: method) }
        func sync() throws(DiskError) { try file.sync() }
        func resize(to byteCount: Int) throws(DiskError) { try file.resize(to: byteCount) }
        func dropCache() throws(DiskError) { try file.dropCache() }
        func map() throws(DiskError) -> any Mapping { try file.map() }
        func close() { file.close() }
    }
}
