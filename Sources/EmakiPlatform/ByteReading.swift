/// Reading numbers and text from bytes that came from a disk: little-endian, at any offset, and
/// never past the end. A range inside a span is `span.extracting(range)`.
extension RawSpan {
    @inlinable
    package func loadUInt8(at offset: Int) -> UInt8 { load(UInt8.self, at: offset) }
    @inlinable
    package func loadUInt16(at offset: Int) -> UInt16 { load(UInt16.self, at: offset) }
    @inlinable
    package func loadUInt32(at offset: Int) -> UInt32 { load(UInt32.self, at: offset) }
    @inlinable
    package func loadUInt64(at offset: Int) -> UInt64 { load(UInt64.self, at: offset) }

    @inlinable @inline(__always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type, at offset: Int) -> Value {
        precondition(
            offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size, "within the bytes")
        // Safe because the range was checked and any bits make an integer.
        return Value(
            littleEndian: unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: Value.self))
    }

    package func isZero(in range: Range<Int>) -> Bool {
        let part = extracting(range)
        let wordsEnd = part.byteCount & ~7
        var offset = 0
        while offset < wordsEnd {
            if part.loadUInt64(at: offset) != 0 { return false }
            offset += 8
        }
        while offset < part.byteCount {
            if part.loadUInt8(at: offset) != 0 { return false }
            offset += 1
        }
        return true
    }

    package func isEqual(to other: RawSpan) -> Bool {
        // Safe because the buffers do not leave the closures.
        unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                unsafe SystemCall.isEqual(left, right)
            }
        }
    }

    /// Below, at or above 0 as these bytes come before, are equal to or come after the others.
    package func order(against other: RawSpan) -> Int {
        // Safe because the buffers do not leave the closures.
        unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                unsafe SystemCall.compare(left, right)
            }
        }
    }

    /// Whether the address of the first byte is a multiple of this power of two, as direct I/O
    /// wants it.
    package func isAligned(to byteCount: Int) -> Bool {
        // Safe because the address is only looked at.
        unsafe withUnsafeBytes { UInt(bitPattern: $0.baseAddress) & UInt(byteCount - 1) == 0 }
    }

    package func copyToArray() -> [UInt8] {
        // Safe because the buffer does not leave the closure.
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }
}

extension RawSpan {
    /// True if the bytes are UTF-8. Eight bytes a step while they are ASCII; no copy then.
    package var isUTF8: Bool {
        var offset = 0
        while byteCount - offset >= 8, loadUInt64(at: offset) & 0x8080_8080_8080_8080 == 0 {
            offset += 8
        }
        while offset < byteCount, loadUInt8(at: offset) < 0x80 { offset += 1 }
        return offset == byteCount || String(validating: self) != nil
    }
}

extension String {
    /// The text that these bytes spell, or nil if they are not UTF-8.
    package init?(validating bytes: RawSpan) {
        // Safe because the buffer does not leave the closure.
        let text = unsafe bytes.withUnsafeBytes { buffer in
            unsafe String(validating: buffer, as: UTF8.self)
        }
        guard let text else { return nil }
        self = text
    }

    /// The UTF-8 bytes of this text, without a copy if it is stored as Swift stores text.
    ///
    /// Not by way of `utf8.span`: of a text of up to 15 bytes, which has no memory of its own, that
    /// was seen to point to what had been overwritten (Swift 6.3.1, optimized code, depending on
    /// what was inlined where).
    @inlinable @inline(__always)
    package func withUTF8Span<R, E>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        var text = self
        // Safe because every byte of a text is initialised, and the span ends with the call.
        let result = text.withUTF8 { bytes -> Result<R, E> in
            let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes))
            do throws(E) {
                return .success(try body(span))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension Array where Element == UInt8 {
    @inlinable @inline(__always)
    package func withRawSpan<R, E>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        // Safe because every byte of an array of bytes is initialised.
        try body(unsafe span.bytes)
    }

    /// As `RawSpan.order`.
    package func order(against other: [UInt8]) -> Int {
        withRawSpan { bytes in other.withRawSpan { bytes.order(against: $0) } }
    }

    package mutating func append(_ bytes: RawSpan) {
        // Safe because the buffer does not leave the closure.
        unsafe bytes.withUnsafeBytes { buffer in unsafe append(contentsOf: buffer) }
    }
}
