/// Writing numbers and bytes in the form that `ByteReading` reads: little-endian, at any offset,
/// and never past the end.
extension MutableRawSpan {
    @inlinable
    package mutating func store(_ value: UInt8, at offset: Int) { storeChecked(value, at: offset) }
    @inlinable
    package mutating func store(_ value: UInt16, at offset: Int) { storeChecked(value, at: offset) }
    @inlinable
    package mutating func store(_ value: UInt32, at offset: Int) { storeChecked(value, at: offset) }
    @inlinable
    package mutating func store(_ value: UInt64, at offset: Int) { storeChecked(value, at: offset) }

    @inlinable
    package mutating func copy(_ bytes: RawSpan, at offset: Int) {
        check(offset, bytes.byteCount)
        // Safe because both ranges were checked, and a copy may even overlap.
        unsafe withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                guard let start = target.baseAddress, let from = source.baseAddress
                else { return }
                unsafe (start + offset).copyMemory(from: from, byteCount: source.count)
            }
        }
    }

    package mutating func zero(_ range: Range<Int>) {
        check(range.lowerBound, range.count)
        // Safe because the range was checked.
        unsafe withUnsafeMutableBytes { target in
            guard let start = target.baseAddress else { return }
            unsafe (start + range.lowerBound).initializeMemory(
                as: UInt8.self, repeating: 0, count: range.count)
        }
    }

    /// What was written so far, for reading.
    package func withBytes<R, E>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(bytes)
    }

    @inlinable
    func check(_ offset: Int, _ count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset,
            "within the bytes")
    }

    @inlinable @inline(__always)
    mutating func storeChecked<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value, at offset: Int
    ) {
        check(offset, MemoryLayout<Value>.size)
        // Safe because the range was checked.
        unsafe storeBytes(
            of: value.littleEndian, toUncheckedByteOffset: offset, as: Value.self)
    }
}

extension Array where Element == UInt8 {
    package mutating func withMutableRawSpan<R, E>(
        _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        var elements = mutableSpan
        // Safe because any byte is a valid element.
        var bytes = unsafe elements.mutableBytes
        return try body(&bytes)
    }
}
