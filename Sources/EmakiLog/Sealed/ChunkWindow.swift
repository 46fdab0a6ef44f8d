import EmakiPlatform

/// Reads the chunks of a sealed file in their order, many with one call of the disk.
struct ChunkWindow {
    private static let byteCountMax = 256 << 10
    private static let byteCountMin = 32 << 10
    /// All windows of a merge have so much together, unless they are very many.
    private static let allBytesMax = 8 << 20

    private let file: SealedFile
    private let memory: PageMemory
    /// Of the section of chunks: what is in the memory.
    private var held = 0..<0

    /// - Parameter count: of windows that there are at once.
    init(_ file: SealedFile, among count: Int = 1) throws(DiskError) {
        self.file = file
        let share = Self.allBytesMax / max(1, count)
        memory = try PageMemory(byteCount: min(Self.byteCountMax, max(Self.byteCountMin, share)))
    }

    /// Reads and unpacks a chunk. As `SealedFile.unpack`, which mends what fails here.
    mutating func unpack(
        _ number: Int, into target: ChunkMemory
    ) throws(LogError) -> Range<Int> {
        let entry = try file.entry(number)
        let stored = entry.stored
        guard try hold(stored) else { return try file.unpack(number, into: target) }
        let start = stored.lowerBound - held.lowerBound
        let place = start..<start + stored.count
        guard memory.checksum(place) == entry.checksum else {
            held = 0..<0
            return try file.unpack(number, into: target)
        }
        do throws(DiskError) {
            try target.makeRoom(stored: 0, unpacked: entry.unpackedBytes)
        } catch { throw LogError(error, file: file.pages.path) }
        guard entry.unpackedBytes > stored.count else {
            memory.withBytes(in: place) { target.unpacked.copy($0, at: target.start) }
            return target.start..<target.start + stored.count
        }
        return try file.unpack(entry, from: memory, at: start, into: target)
    }

    /// - Returns: false if the bytes do not fit in. What the device does not give of them fails the
    ///   checksum of its chunk.
    private mutating func hold(_ stored: Range<Int>) throws(LogError) -> Bool {
        if stored.lowerBound >= held.lowerBound, stored.upperBound <= held.upperBound {
            return true
        }
        guard stored.count <= memory.byteCount else { return false }
        let end = min(
            file.footer[.chunks].byteCount, stored.lowerBound + memory.byteCount)
        held = 0..<0
        _ = try file.pages.read(.chunks, stored.lowerBound..<end, into: memory, at: 0)
        held = stored.lowerBound..<end
        // The device brings what comes then, while this is worked on.
        file.pages.expectRead(.chunks, end..<end + memory.byteCount)
        return true
    }
}
