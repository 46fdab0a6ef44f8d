import EmakiPlatform
import Testing

@Suite("Memory from the heap, bits and mapped bytes")
struct SharedBytesTests {
    @Test("memory from the heap starts zeroed, has its size, and may be too much")
    func heap() throws {
        let memory = try PageMemory(heapBytes: 5_001)
        #expect(memory.byteCount == 5_001)
        memory.withBytes(in: 0..<5_001) { expect($0.isZero(in: 0..<5_001)) }
        memory.store(UInt8(7), at: 5_000)
        #expect(memory.loadUInt8(at: 5_000) == 7)
        let error = #expect(throws: DiskError.self) { try PageMemory(heapBytes: 1 << 60) }
        #expect(error?.operation == .allocate)
    }

    @Test("a number is in the set once it was put in, and no other is")
    func bits() {
        let bits = AtomicBits(count: 130)
        for number in [0, 63, 64, 129] { bits.insert(number) }
        bits.insert(64)
        let found = (0..<130).filter { bits.contains($0) }
        #expect(found == [0, 63, 64, 129])
    }

    @Test("threads that put in neighbours lose none")
    func neighbours() {
        let bits = AtomicBits(count: 4 * 64)
        runOnThreads(count: 4) { thread in
            for number in stride(from: thread, to: 4 * 64, by: 4) { bits.insert(number) }
        }
        #expect((0..<4 * 64).allSatisfy { bits.contains($0) })
    }

    @Test("bytes of a mapping are the file's, on a real disk and on any other")
    func mapped() throws {
        let folder = try TemporaryFolder()
        let files = PosixFileSystem(root: folder.path)
        let file = try files.open("file", OpenMode(.mustBeNew))
        let bytes = (0..<100).map { UInt8($0) }
        try bytes.withRawSpan { (span: RawSpan) throws(DiskError) in try file.write(span, at: 0) }
        let mapping = try file.map()
        for view in [MappedBytes(mapping), MappedBytes(Veiled(mapping))] {
            #expect(view.byteCount == 100)
            #expect(view.loadUInt32(at: 96) == 0x6362_6160)
            #expect(view.loadUInt64(at: 1) == 0x0807_0605_0403_0201)
            view.withBytes(in: 90..<100) { #expect($0.copyToArray() == Array(bytes[90...])) }
        }
    }

    @Test("bytes come before others by the first that differs, then by their count")
    func order() {
        let texts = ["", "a", "a\0", "ab", "b", "é"]
        for (left, text) in texts.enumerated() {
            for (right, other) in texts.enumerated() {
                let order = text.withUTF8Span { text in
                    other.withUTF8Span { text.order(against: $0) }
                }
                #expect(order.signum() == (left - right).signum(), "\(text) and \(other)")
            }
        }
    }

    /// A mapping that is not known to be memory.
    private final class Veiled: Mapping {
        let inner: any Mapping
        init(_ inner: any Mapping) { self.inner = inner }
        var byteCount: Int { inner.byteCount }
        func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
            inner.withBytes(in: range, body)
        }
    }
}
