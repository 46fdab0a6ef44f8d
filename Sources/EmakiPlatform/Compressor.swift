import CLZ4

/// Makes LZ4 blocks, one after the other; keeps the tables that LZ4 needs for it. For one thread.
@safe package final class Compressor {
    /// Safe because nobody but this class sees them.
    @safe private enum Tables {
        case fast(UnsafeMutablePointer<LZ4_stream_t>)
        case high(UnsafeMutablePointer<LZ4_streamHC_t>, level: Int32)
    }

    private let tables: Tables

    /// Of the fast method: half the time of 1, and blocks of events are 0.5 % larger.
    private static let acceleration: Int32 = 4

    /// - Parameter level: nil for the fast method; one of `Compression.highLevels` for smaller
    ///   blocks, several times as slowly.
    /// - Throws: `.allocate` if there is no memory.
    package init(level: Int?) throws(DiskError) {
        precondition(
            level.map { Compression.highLevels.contains($0) } ?? true,
            "LZ4 knows the levels 3 to 12")
        if let level {
            // Safe because the tables are kept, and given back only at the end.
            guard let made = unsafe LZ4_createStreamHC() else { throw .noMemory }
            tables = unsafe .high(made, level: Int32(level))
        } else {
            // Safe because the tables are kept, and given back only at the end.
            guard let made = unsafe LZ4_createStream() else { throw .noMemory }
            tables = unsafe .fast(made)
        }
    }

    deinit {
        // Safe because nobody refers to the tables any more.
        switch tables {
        case .fast(let made): unsafe LZ4_freeStream(made)
        case .high(let made, _): unsafe LZ4_freeStreamHC(made)
        }
    }

    /// Compresses what follows the first `dictionaryBytes` of `bytes`.
    /// - Returns: how many bytes were written, or nil if they do not fit.
    package func compress(
        _ bytes: RawSpan, after dictionaryBytes: Int = 0, into target: inout MutableRawSpan
    ) -> Int? {
        precondition(
            dictionaryBytes >= 0 && dictionaryBytes <= Compression.dictionaryBytesMax
                && dictionaryBytes <= bytes.byteCount, "a dictionary of bounded size comes first")
        let byteCount = bytes.byteCount - dictionaryBytes
        guard byteCount <= Compression.inputBytesMax, !target.isEmpty else { return nil }
        let room = Int32(clamping: target.byteCount)
        // Safe because the buffers do not leave the closures, and LZ4 keeps to its counts.
        let written = unsafe target.withUnsafeMutableBytes { to in
            unsafe bytes.withUnsafeBytes { from in
                unsafe compress(
                    from.bindMemory(to: CChar.self).baseAddress, Int32(dictionaryBytes),
                    Int32(byteCount), to.bindMemory(to: CChar.self).baseAddress, room)
            }
        }
        return written > 0 ? Int(written) : nil
    }

    /// The tables forget what they were used for before.
    private func compress(
        _ dictionary: UnsafePointer<CChar>?, _ dictionaryBytes: Int32, _ byteCount: Int32,
        _ target: UnsafeMutablePointer<CChar>?, _ room: Int32
    ) -> Int32 {
        // Safe because both buffers have the sizes given, and the dictionary stays where it is
        // until the call returns.
        let from = unsafe dictionary.map { unsafe $0 + Int(dictionaryBytes) }
        switch tables {
        case .fast(let made):
            unsafe LZ4_loadDict(made, dictionary, dictionaryBytes)
            return unsafe LZ4_compress_fast_continue(
                made, from, target, byteCount, room, Self.acceleration)
        case .high(let made, let level):
            unsafe LZ4_resetStreamHC_fast(made, level)
            unsafe LZ4_loadDictHC(made, dictionary, dictionaryBytes)
            return unsafe LZ4_compress_HC_continue(made, from, target, byteCount, room)
        }
    }
}
