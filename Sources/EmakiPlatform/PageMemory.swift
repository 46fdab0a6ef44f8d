import CEmaki

/// Zeroed memory that never moves. It starts on a page, as direct I/O wants it, unless it comes
/// from the heap.
///
/// The size is fixed; the system takes the memory back at deinit. Who writes and who reads is
/// the owner's affair: calls check bounds, they do not lock. All numbers are little-endian and may
/// lie at any offset.
///
/// Public, as are the other types of the hot path, because the compiler inlines nothing across
/// modules that is less (Swift 6.3); no product offers this module.
@safe public final class PageMemory: @unchecked Sendable {
    /// The size.
    public let byteCount: Int
    @usableFromInline let base: UnsafeMutableRawPointer

    private let isMapped: Bool
    /// What lives at least as long as somebody refers to this memory. Set by its owner, while
    /// nobody else has it.
    package var companion: AnyObject?

    private static let pageBytes = 4096

    /// - Parameter isFilledAtOnce: all of it is written right away, while nobody waits for the core
    ///   or the device: then the system may hand it out in huge pages, with a few hundred times
    ///   fewer faults. Zeroing one of 2 MiB has been seen to hold a core for 5 ms.
    /// - Throws: `.allocate` if the system has no memory.
    package init(byteCount: Int, isFilledAtOnce: Bool = false) throws(DiskError) {
        precondition(byteCount > 0, "page memory is never empty")
        self.byteCount = byteCount
        isMapped = true
        // Safe because the pointer is kept with its size and unmapped only at the end.
        unsafe base = try SystemCall.mapPages(byteCount: byteCount)
        if isFilledAtOnce { unsafe SystemCall.expectFilling(base, byteCount: byteCount) }
    }

    /// Zeroed memory from the heap: for little, and for what comes and goes. It starts anywhere, so
    /// it is not for direct I/O.
    /// - Throws: `.allocate` if the system has no memory.
    package init(heapBytes byteCount: Int) throws(DiskError) {
        precondition(byteCount > 0, "page memory is never empty")
        self.byteCount = byteCount
        isMapped = false
        // Safe because the pointer is kept with its size and freed only at the end.
        unsafe base = try SystemCall.allocate(byteCount: byteCount)
    }

    deinit {
        // Safe because nobody refers to the memory any more.
        if isMapped {
            unsafe SystemCall.unmap(base, byteCount: byteCount)
        } else {
            unsafe SystemCall.free(base)
        }
    }

    /// Makes the system hand out the pages of a range now, so that no later store waits for one.
    /// What was stored is kept. The range starts on a page.
    ///
    /// The calling thread zeroes the pages, 0.1 to 0.3 us a KiB: a large memory in pieces, or it
    /// holds a core against threads that are in a hurry.
    package func prefault(_ range: Range<Int>) {
        check(range.lowerBound, range.count)
        precondition(range.lowerBound % Self.pageBytes == 0, "starts on a page")
        // Safe because the range is inside the mapping.
        if unsafe SystemCall.populate(base + range.lowerBound, byteCount: range.count) { return }
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: Self.pageBytes) {
            storeUnchecked(loadUInt8(at: offset), at: offset)
        }
    }

    /// Lends a range for reading.
    @inlinable @inline(__always)
    public func withBytes<R, E>(in range: Range<Int>, _ body: (RawSpan) throws(E) -> R)
        throws(E) -> R
    {
        check(range.lowerBound, range.count)
        defer { withExtendedLifetime(self) {} }
        // Safe because the range is inside the memory, which `self` keeps until after the body.
        return try body(
            unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count))
    }

    /// Lends a range for writing.
    public func withMutableBytes<R, E>(
        in range: Range<Int>, _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        check(range.lowerBound, range.count)
        defer { withExtendedLifetime(self) {} }
        // Safe because the range is inside the memory, which `self` keeps until after the body.
        var span = unsafe MutableRawSpan(
            _unsafeStart: base + range.lowerBound, byteCount: range.count)
        return try body(&span)
    }

    /// Fills a range with zeros.
    public func zero(_ range: Range<Int>) {
        check(range.lowerBound, range.count)
        // Safe because the range is inside the memory.
        unsafe (base + range.lowerBound).initializeMemory(
            as: UInt8.self, repeating: 0, count: range.count)
    }

    /// CRC32C of a range; `seed` is 0 or the checksum of the bytes before it.
    public func checksum(_ range: Range<Int>, seed: UInt32 = 0) -> UInt32 {
        withBytes(in: range) { Checksum.crc32c($0, seed: seed) }
    }

    /// Mixes bytes into a range by exclusive or: doing it twice undoes it.
    package func mix(_ bytes: RawSpan, at offset: Int) {
        check(offset, bytes.byteCount)
        // Safe because both ranges were checked, and whoever writes has the memory to himself.
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe emaki_mix(base + offset, start, source.count)
        }
    }

    package func isEqual(_ bytes: RawSpan, at offset: Int) -> Bool {
        withBytes(in: offset..<offset + bytes.byteCount) { $0.isEqual(to: bytes) }
    }
}

// MARK: - The hot path, compiled into its callers

extension PageMemory {
    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt8(at offset: Int) -> UInt8 { load(UInt8.self, at: offset) }
    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt16(at offset: Int) -> UInt16 { load(UInt16.self, at: offset) }
    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt32(at offset: Int) -> UInt32 { load(UInt32.self, at: offset) }
    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt64(at offset: Int) -> UInt64 { load(UInt64.self, at: offset) }

    /// Writes a little-endian number at any offset.
    @inlinable @inline(__always)
    public func store(_ value: UInt8, at offset: Int) { storeChecked(value, at: offset) }
    /// Writes a little-endian number at any offset.
    @inlinable @inline(__always)
    public func store(_ value: UInt16, at offset: Int) { storeChecked(value, at: offset) }
    /// Writes a little-endian number at any offset.
    @inlinable @inline(__always)
    public func store(_ value: UInt32, at offset: Int) { storeChecked(value, at: offset) }
    /// Writes a little-endian number at any offset.
    @inlinable @inline(__always)
    public func store(_ value: UInt64, at offset: Int) { storeChecked(value, at: offset) }

    /// Copies bytes into the memory.
    @inlinable
    public func copy(_ bytes: RawSpan, at offset: Int) {
        check(offset, bytes.byteCount)
        // Safe because both ranges were checked, and a copy may even overlap.
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }

    @inlinable
    func check(_ offset: Int, _ count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset,
            "within the memory")
    }

    @inlinable @inline(__always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Value {
        check(offset, MemoryLayout<Value>.size)
        // Safe because the range was checked and any bits make an integer.
        return Value(
            littleEndian: unsafe base.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    @inlinable @inline(__always)
    func storeChecked(_ value: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
        check(offset, MemoryLayout.size(ofValue: value))
        storeUnchecked(value, at: offset)
    }

    @inlinable @inline(__always)
    func storeUnchecked<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value, at offset: Int
    ) {
        // Safe because every caller stays inside the memory.
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
}
