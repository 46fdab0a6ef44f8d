import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("Sealed files: damage")
struct SealedDamageTests {
    static let pageBytes = PageParity.pageBytes

    @Test("64 pages in a row lie in 64 different stripes, parity included, in a file of full size")
    func windows() {
        for pageCount in [2_048, 2_049, 2_111, 2_112, 3_000, 4_096, 4_097, 6_200] {
            var stripes: [Int] = []
            for page in 0..<pageCount {
                let inGroup = PageParity.pages(
                    ofGroup: page / PageParity.groupPages, in: pageCount)
                let stripe = (page - inGroup.lowerBound) % PageParity.stripeCount
                stripes.append(page / PageParity.groupPages * PageParity.stripeCount + stripe)
            }
            var owners = [Int?](
                repeating: nil, count: PageParity.parityPageCount(pages: pageCount))
            for page in 0..<pageCount {
                owners[PageParity.parityPage(of: page, in: pageCount)] = stripes[page]
            }
            stripes += owners.compactMap { $0 }
            #expect(!owners.contains(nil), "each parity page has a stripe")
            #expect(stripes.count == pageCount + owners.count)
            var seen: [Int: Int] = [:]
            for (place, stripe) in stripes.enumerated() {
                if let last = seen[stripe] { #expect(place - last >= 64) }
                seen[stripe] = place
            }
        }
    }

    @Test("each page, whatever it holds, comes back; footers, checksums and parity too")
    func eachPage() throws {
        let sample = try SealedSample(seed: 11, .init(streamCount: 120))
        let pageCount = sample.footer.filePageCount
        #expect(pageCount > 20)
        for page in 0..<pageCount {
            sample.restore()
            sample.zero(page * Self.pageBytes..<(page + 1) * Self.pageBytes)
            let file = try sample.open()
            let report = try file.check()
            #expect(report.eventCount == sample.eventCount)
            #expect(sample.files[SealedSample.path] == sample.bytes, "page \(page)")
            // A page that was zero all along was not damaged.
            #expect(report.repairedCount <= 1)
        }
    }

    @Test("256 KiB of zeros anywhere in a file of full size: every byte comes back")
    func stretch() throws {
        let sample = try SealedSample.ofFullSize()
        let covered = sample.footer.coveredPageCount
        try #require(covered >= PageParity.groupPages)
        let total = 64 * Self.pageBytes
        let parityStart = (1 + covered) * Self.pageBytes
        for start in [
            Self.pageBytes, 1_000_001, parityStart - total / 2, parityStart,
            sample.bytes.count - Self.pageBytes - total,
        ] {
            sample.restore()
            // Not at the start of a page, it touches 65 pages: one less, then.
            let byteCount = start % Self.pageBytes == 0 ? total : total - Self.pageBytes
            sample.zero(start..<start + byteCount)
            let report = try sample.open().check()
            #expect(report.repairedCount >= byteCount / Self.pageBytes - 1)
            #expect(sample.files[SealedSample.path] == sample.bytes, "zeros at \(start)")
        }
    }

    @Test("a read mends what it touches; a file opened for reading names the place instead")
    func repairOnRead() throws {
        let sample = try SealedSample(seed: 13)
        let (id, events) = sample.streams[0]
        func read(_ file: SealedFile) throws -> Int {
            let stream = try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
                try file.find(bytes, hash: StableHash.hash(bytes))
            }
            var count = 0
            if let stream {
                try file.visit(stream, from: .first) { _ in
                    count += 1
                    return true
                }
            }
            return count
        }
        for section in SealedFooter.Section.allCases where section != .groups && section != .order {
            sample.restore()
            let place = sample.footer[section].range
            sample.zero(place.lowerBound..<place.lowerBound + Self.pageBytes)
            let error = #expect(throws: LogError.self) { try read(sample.open(isWritable: false)) }
            guard case .corrupt(let damage) = error else {
                Issue.record("\(section): \(String(describing: error))")
                continue
            }
            #expect(damage.file == SealedSample.path)
            #expect(damage.fileOffset == place.lowerBound)
            let file = try sample.open()
            #expect(try read(file) == events.count)
            #expect(file.pages.repairs == 1, "\(section)")
            #expect(sample.files[SealedSample.path] == sample.bytes)
        }
    }

    @Test("two damaged pages of one stripe are refused with the place")
    func beyondParity() throws {
        let sample = try SealedSample(seed: 14, .init(streamCount: 2_000))
        try #require(sample.footer.coveredPageCount > 70)
        for page in [0, 64] {
            sample.zero((page + 1) * Self.pageBytes..<(page + 2) * Self.pageBytes)
        }
        let error = #expect(throws: LogError.self) { try sample.open().check() }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.fileOffset == Self.pageBytes)
    }

    @Test(
        "random damage: what is read is what was written, or refused; nothing else",
        arguments: 0..<4)
    func randomDamage(_ round: Int) throws {
        let sample = try SealedSample(seed: 15, .init(streamCount: 80))
        let random = SeededEntropy(seed: UInt64(round))
        var refused = 0
        var mended = 0
        for _ in 0..<40 {
            sample.restore()
            sample.files.edit(SealedSample.path) { bytes in
                for _ in 0...random.below(3) {
                    let start = random.below(bytes.count)
                    let end = min(bytes.count, start + 1 + random.below(9_000))
                    for offset in start..<end {
                        bytes[offset] = UInt8(truncatingIfNeeded: random.next())
                    }
                }
            }
            do throws(LogError) {
                let report = try open(sample).check()
                #expect(report.eventCount == sample.eventCount)
                mended += 1
            } catch {
                guard case .corrupt = error else {
                    Issue.record("\(error)")
                    continue
                }
                refused += 1
            }
        }
        #expect(refused > 0)
        #expect(mended > 0)
    }

    private func open(_ sample: SealedSample) throws(LogError) -> SealedFile {
        let file: any File
        do {
            file = try sample.files.open(SealedSample.path, OpenMode(.mustExist))
        } catch { throw LogError(error, file: SealedSample.path) }
        return try SealedFile(
            file, path: SealedSample.path, storeID: SealedSample.storeID, isWritable: true)
    }

    @Test("a file that was cut, that grew, or that belongs to another store is refused")
    func wrongFiles() throws {
        let sample = try SealedSample(seed: 16)
        for byteCount in [0, 1, 4_095, 4_096, 8_192, sample.bytes.count - 4_096] {
            sample.files[SealedSample.path] = Array(sample.bytes.prefix(byteCount))
            #expect(throws: LogError.self) { try sample.open() }
        }
        sample.files[SealedSample.path] = sample.bytes + [UInt8](repeating: 0, count: 4_096)
        #expect(throws: LogError.self) { try sample.open() }
        sample.restore()
        let file = try sample.files.open(SealedSample.path, OpenMode(.mustExist))
        #expect(throws: LogError.self) {
            try SealedFile(
                file, path: SealedSample.path, storeID: Bits128(low: 1, high: 1),
                isWritable: false)
        }
    }

    @Test("the filter knows every stream, and takes few others for one")
    func filter() throws {
        let count = 5_000
        let byteCount = StreamFilter.byteCount(streams: count)
        let memory = try PageMemory(byteCount: byteCount)
        let random = SeededEntropy(seed: 17)
        let hashes = (0..<count).map { _ in random.next() }
        for hash in hashes { StreamFilter.add(hash, to: memory, in: 0..<byteCount) }
        func mayContain(_ hash: UInt64) -> Bool {
            let block = StreamFilter.blockOffset(hash, byteCount: byteCount)
            return memory.withBytes(in: block..<block + StreamFilter.blockBytes) {
                StreamFilter.mayContain(hash, block: $0)
            }
        }
        #expect(hashes.allSatisfy(mayContain))
        let wrong = (0..<20_000).count { _ in mayContain(random.next()) }
        #expect(wrong < 400, "\(wrong) of 20,000")
    }

    @Test("numbers of variable length: each comes back, and what is none is refused")
    func varints() throws {
        var buffer = try ChunkBuffer(capacity: 100)
        let values: [UInt64] = [0, 1, 127, 128, 16_383, 16_384, 1 << 62, 1 << 63, .max]
        for value in values { try buffer.appendVarint(value) }
        var offset = 0
        for value in values {
            #expect(Varint.read(from: buffer.memory, at: &offset, end: buffer.count) == value)
        }
        #expect(Varint.read(from: buffer.memory, at: &offset, end: buffer.count) == nil)
        let long = try PageMemory(byteCount: 16)
        for place in 0..<16 { long.store(UInt8(0x80), at: place) }
        offset = 0
        #expect(Varint.read(from: long, at: &offset, end: 16) == nil)
        for place in 0..<9 { long.store(UInt8(0xFF), at: place) }
        long.store(UInt8(2), at: 9)
        offset = 0
        #expect(Varint.read(from: long, at: &offset, end: 16) == nil)
    }
}
