import EmakiPlatform

/// A copy of a sealed file's filter in memory, so that the commit path may ask it: a mapped page
/// may have to be read from the disk, this never.
final class ResidentFilter: @unchecked Sendable {
    private let lock = Lock()
    private var memory: PageMemory?

    /// False if the stream is certainly not in the file; true as long as nothing is known.
    func mayContain(_ hash: UInt64) -> Bool {
        guard let memory = lock.withLock({ memory }) else { return true }
        let block = StreamFilter.blockOffset(hash, byteCount: memory.byteCount)
        return memory.withBytes(in: block..<block + StreamFilter.blockBytes) {
            StreamFilter.mayContain(hash, block: $0)
        }
    }

    var isLoaded: Bool { lock.withLock { memory != nil } }

    func set(_ memory: PageMemory) { lock.withLock { self.memory = memory } }
}

extension SealedFile {
    /// Brings the filter of a new file into memory, so that streams that it lacks are known to be
    /// new at once.
    func prepareFilter() {
        guard footer[.filter].byteCount <= Limits.residentFilterBytesMax else { return }
        // Without it whoever asks looks into the file.
        do throws(LogError) { try loadFilter() } catch { return }
    }

    /// Brings the filter into memory.
    func loadFilter() throws(LogError) {
        guard !residentFilter.isLoaded else { return }
        let byteCount = footer[.filter].byteCount
        let memory = try LogError.translating(pages.path) { () throws(DiskError) in
            try PageMemory(byteCount: byteCount)
        }
        try pages.withBytes(.filter, 0..<byteCount) { memory.copy($0, at: 0) }
        residentFilter.set(memory)
    }
}
