/// The bytes of a mapping, for those who load single numbers from it all the time.
///
/// A view of a real file is memory, and a load from it is a load; any other mapping is asked.
/// Public for the reason that `PageMemory` is: so that it is compiled into its callers.
@safe public final class MappedBytes: @unchecked Sendable {
    /// The size of the mapping.
    public let byteCount: Int
    private let mapping: any Mapping
    /// Nil: the mapping is asked.
    @usableFromInline let base: UnsafeRawPointer?

    package init(_ mapping: any Mapping) {
        self.mapping = mapping
        byteCount = mapping.byteCount
        // Safe because the mapping, which owns the memory, lives as long as this does.
        unsafe base = (mapping as? PosixMapping)?.start
    }

    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt32(at offset: Int) -> UInt32 { load(UInt32.self, at: offset) }
    /// Reads a little-endian number at any offset.
    @inlinable @inline(__always)
    public func loadUInt64(at offset: Int) -> UInt64 { load(UInt64.self, at: offset) }

    /// Lends a range in place.
    @inlinable @inline(__always)
    public func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        check(range.lowerBound, range.count)
        guard let base = unsafe base else { return ask(range, body) }
        defer { withExtendedLifetime(self) {} }
        // Safe because the range is inside the mapping, which `self` keeps until after the body.
        return body(unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count))
    }

    @inlinable @inline(__always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Value {
        check(offset, MemoryLayout<Value>.size)
        guard let base = unsafe base else {
            return ask(offset..<offset + MemoryLayout<Value>.size) { $0.load(Value.self, at: 0) }
        }
        // Safe because the range was checked and any bits make an integer.
        return Value(
            littleEndian: unsafe base.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    @usableFromInline
    func ask<R>(_ range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        mapping.withBytes(in: range, body)
    }

    @inlinable @inline(__always)
    func check(_ offset: Int, _ count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset,
            "within the mapping")
    }
}
