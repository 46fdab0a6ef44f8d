import EmakiPlatform

/// The sealed files of a log at one moment, in the order of positions. Never changes: whoever reads
/// keeps the set that it started with, and with it the files, until it is done.
final class SealedSet: Sendable {
    static let empty = SealedSet([])

    let files: [SealedFile]
    /// Of all files.
    let byteCount: Int

    init(_ files: [SealedFile]) {
        self.files = files
        byteCount = files.reduce(0) { $0 + $1.footer.fileBytes }
    }

    var isEmpty: Bool { files.isEmpty }
    /// The oldest position that a file was made for.
    var firstPosition: Position? { files.first?.footer.positions.lowerBound }

    /// Behind all positions that a file was made for.
    var endPosition: Position { files.last?.footer.positions.upperBound ?? .start }

    /// With a file behind all others.
    func adding(_ file: SealedFile) -> SealedSet { SealedSet(files + [file]) }

    /// With one file, or none, instead of some neighbours.
    func replacing(_ old: [SealedFile], by new: SealedFile?) -> SealedSet {
        var files = files
        let place = files.firstIndex { $0 === old.first } ?? 0
        files.removeAll { file in old.contains { $0 === file } }
        if let new { files.insert(new, at: place) }
        return SealedSet(files)
    }

    /// For a set that nobody has seen yet; others are closed by whoever lets go of them last.
    func close() { for file in files { file.pages.close() } }

    /// False if no file has the stream. Never reads the disk: true if a filter is not in memory.
    func mayContainAtOnce(hash: UInt64) -> Bool {
        for file in files where file.residentFilter.mayContain(hash) { return true }
        return false
    }

    /// Brings the filters into memory, as far as they fit into what is set aside for them. One that
    /// cannot be read knows nothing, and whoever asks looks into the file.
    func loadFilters() {
        var byteCount = 0
        for file in files.reversed() {
            byteCount += file.footer[.filter].byteCount
            guard byteCount <= Limits.residentFilterBytesMax else { return }
            do throws(LogError) { try file.loadFilter() } catch { continue }
        }
    }

    // MARK: Positions

    /// The event at a position; nil if it is not there.
    func event(at position: Position) throws(LogError) -> RecordedEvent? {
        guard let file = file(at: position), file.footer.positions.contains(position) else {
            return nil
        }
        var buffer = try Self.buffer()
        _ = try file.read(position..<position.advanced(by: 1), into: &buffer)
        return buffer.take(of: file).first
    }

    /// Collects events in commit order, from a position on.
    /// - Parameter window: positions that are looked at, at most.
    /// - Returns: the position to go on at; nil if there is no file behind this position.
    func read(
        from position: Position, window: Int, into events: inout [RecordedEvent]
    ) throws(LogError) -> Position? {
        guard let file = file(at: position) else { return nil }
        let held = file.footer.positions
        let start = max(position, held.lowerBound)
        var count = min(window, (start..<held.upperBound).count)
        while true {
            var buffer = try Self.buffer()
            let end = start.advanced(by: count)
            let isWhole = try file.read(
                start..<end, into: &buffer,
                byteCountMax: count == 1 ? .max : SealedEventBuffer.byteCountMax)
            if isWhole {
                events += buffer.take(of: file)
                return end
            }
            count = max(1, count / 4)
        }
    }

    /// The file that holds a position, or else the next one.
    func file(at position: Position) -> SealedFile? {
        var low = 0
        var high = files.count
        while low < high {
            let middle = (low + high) / 2
            if files[middle].footer.positions.upperBound <= position {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < files.count ? files[low] : nil
    }

    static func buffer() throws(LogError) -> SealedEventBuffer {
        try LogError.translating(StoreFolder.sealed) { () throws(DiskError) in
            try SealedEventBuffer()
        }
    }
}
