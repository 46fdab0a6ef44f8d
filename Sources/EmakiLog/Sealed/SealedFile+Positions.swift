import EmakiPlatform

/// Reading a sealed file in commit order.
extension SealedFile {
    /// Collects the events at some positions, in no order. Each chunk that holds one of them is
    /// unpacked once.
    /// - Returns: false if they are larger than `byteCountMax` together; then some are missing.
    /// - Complexity: O(bytes of the chunks that hold them).
    func read(
        _ positions: Range<Position>, into buffer: inout SealedEventBuffer,
        byteCountMax: Int = .max
    ) throws(LogError) -> Bool {
        var chunks: Set<Int> = []
        var wantedCount = 0
        let countBefore = buffer.eventCount
        var position = positions.lowerBound
        while position < positions.upperBound {
            if let chunk = try chunk(at: position) {
                chunks.insert(chunk)
                wantedCount += 1
            }
            position = position.advanced(by: 1)
        }
        var stream = -1
        for number in chunks.sorted() {
            var failure: LogError?
            try walk(number) { owner, event in
                guard positions.contains(event.position) else { return true }
                do throws(LogError) {
                    if owner != stream {
                        try begin(owner, in: &buffer)
                        stream = owner
                    }
                    try LogError.translating(pages.path) { () throws(DiskError) in
                        try buffer.add(event)
                    }
                } catch {
                    failure = error
                }
                return failure == nil && buffer.byteCount < byteCountMax
            }
            if let failure { throw failure }
            if buffer.byteCount >= byteCountMax { return false }
        }
        guard buffer.eventCount - countBefore == wantedCount else {
            throw nonsense(.order, 0, "the chunks of positions")
        }
        return true
    }

    private func begin(
        _ stream: Int, in buffer: inout SealedEventBuffer
    ) throws(LogError) {
        let id = try withID(stream) { $0.copyToArray() }
        try LogError.translating(pages.path) { () throws(DiskError) in
            try id.withRawSpan { (bytes: RawSpan) throws(DiskError) in
                try buffer.begin(stream: bytes)
            }
        }
    }
}
