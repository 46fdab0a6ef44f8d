import EmakiPlatform

/// Makes a sealed file of full segments, off the commit path: planned under the log's lock, run
/// without it.
///
/// Order, so that a crash at any point leaves the segments or the file:
/// 1. the segments are read from the device and compared with their images;
/// 2. the frames in the images are followed once more, with all their checks, and the events
///    written in the order of streams and versions under a temporary name, and synced;
/// 3. the file is read back past the page cache: pages, order, count, and the digest of all events
///    must be those of the segments;
/// 4. it gets its name, and the folder is synced;
/// 5. what streams lost in the segments joins what they had lost before, in a `RemovalFile`;
/// 6. (`ManifestSwitch`) MANIFEST lists the file and no longer the segments;
/// 7. only then their events leave the index, and their files go back to the pool.
package struct Sealing: Sendable {
    /// What was made.
    package struct Made: Sendable {
        /// Nil if the segments held no event.
        let file: SealedFile?
        let entry: SealedEntry?
        /// Places where a segment on the device is not what it is in memory.
        package var differences: [String] = []
        /// What was removed in the segments, in the order of positions.
        var removalRecords: ContiguousArray<RemovalRecord> = []
        /// What streams have lost by the end of the segments, if any did in them.
        var removals: RemovalFile?
        package var eventCount = 0
        package var fileBytes = 0
    }

    /// The segments to seal, and behind them those that a loss in them may lead to.
    let segments: ContiguousArray<Segment>
    let segmentCount: Int
    /// What the first frame follows, and the last one is.
    let start: LogEnd
    let end: LogEnd
    let hasRetired: Bool
    let number: UInt64
    let storeID: Bits128
    let layout: SegmentLayout
    let options: SealedFileWriter.Options
    /// What streams had lost at the start.
    let removalsBefore: RemovalFile?

    /// What the file takes, if its events cannot be compressed, and a little more: in a small one
    /// parity alone is a quarter of a MiB.
    var byteCountMax: Int {
        segmentCount * (layout.segmentBytes + layout.segmentBytes / 16) + (512 << 10)
    }

    /// - Parameter shouldStop: asked now and then; true ends it, with nothing left behind.
    /// - Throws: `.corrupt` if memory and device, or the file that was read back, are not what they
    ///   must be; `.noSpace`, `.disk`; `.closed` if it was to stop.
    package func run(
        in files: any FileSystem, shouldStop: () -> Bool = { false }
    ) throws(LogError) -> Made {
        var differences: [String] = []
        for index in 0..<segmentCount {
            guard !shouldStop() else { throw .closed }
            try compare(segments[index], in: files, &differences)
        }
        var made = try makeFile(
            SealedEntry.path(ofNumber: number), in: files, folder: StoreFolder.sealed,
            shouldStop: shouldStop)
        made.differences = differences
        do throws(LogError) {
            made.removals = try writeRemovals(
                made.removalRecords, before: removalsBefore, in: files)
        } catch {
            made.file?.pages.close()
            if let entry = made.entry { removeLeftover(entry.path, in: files) }
            let path = RemovalFile(number: number).path
            for leftover in [path, path + SealedEntry.temporarySuffix] {
                removeLeftover(leftover, in: files)
            }
            throw error
        }
        return made
    }

    /// Steps 2 to 4, which look at the images only: of what is still written to, no byte behind the
    /// last group.
    func makeFile(
        _ path: String, in files: any FileSystem, folder: String, shouldStop: () -> Bool
    ) throws(LogError) -> Made {
        var scan = LogScan(
            segments, from: start, hasRetired: hasRetired, layout: layout, stepsOverDamage: false,
            recordsCommits: true)
        try scan.readLinkedFrames(before: segmentCount, through: end.lastGroup)
        guard scan.end == end else { throw memoryIsDamaged(scan) }
        guard scan.eventCount > 0 else {
            return Made(file: nil, entry: nil, removalRecords: scan.removals)
        }
        let temporaryPath = path + SealedEntry.temporarySuffix
        do {
            let footer = try write(scan, to: temporaryPath, in: files, shouldStop: shouldStop)
            var made = try finish(footer, from: temporaryPath, to: path, folder, in: files)
            made.removalRecords = scan.removals
            return made
        } catch {
            for leftover in [temporaryPath, path] { removeLeftover(leftover, in: files) }
            throw error
        }
    }

    /// What streams lost in the segments joins what they had lost before.
    /// - Returns: nil if they lost nothing there.
    private func writeRemovals(
        _ records: ContiguousArray<RemovalRecord>, before: RemovalFile?, in files: any FileSystem
    ) throws(LogError) -> RemovalFile? {
        guard !records.isEmpty else { return nil }
        var extents = try before?.read(in: files, storeID: storeID).extents ?? [:]
        for record in records { extents.add(record) }
        let file = RemovalFile(number: number)
        try file.make(extents, storeID: storeID, in: files)
        return file
    }

    /// Writes what streams have lost once more, if what they had lost before is in another file by
    /// now.
    func renewRemovals(
        _ made: inout Made, before: RemovalFile?, in files: any FileSystem
    ) throws(LogError) {
        guard before?.number != removalsBefore?.number else { return }
        made.removals = try writeRemovals(made.removalRecords, before: before, in: files)
    }

    /// What was written is nothing that MANIFEST lists, so an error here costs space at most.
    private func removeLeftover(_ path: String, in files: any FileSystem) {
        do {
            if try files.kind(of: path) != nil { try files.remove(path) }
        } catch {
            // The next sealing writes over it.
        }
    }

    private func memoryIsDamaged(_ scan: borrowing LogScan) -> LogError {
        let segment = segments[min(scan.place.segment, segmentCount - 1)]
        return .corrupt(
            Corruption(
                file: segment.path, fileOffset: scan.place.offset, reason: .badFrame,
                evidence: "a frame that was whole is not any more in memory; reopen the store"))
    }

    // MARK: The device

    private static let pieceBytes = 128 << 10

    /// Compares a segment's frames on the device with its image.
    private func compare(
        _ segment: Segment, in files: any FileSystem, _ differences: inout [String]
    ) throws(LogError) {
        let file = try LogError.translating(segment.path) { () throws(DiskError) in
            try files.open(segment.path, OpenMode(.mustExist, writable: false))
        }
        defer { file.close() }
        let framesEnd = framesEnd(of: segment)
        let buffer = try LogError.translating(segment.path) { () throws(DiskError) in
            try file.dropCache()
            // A device that reads MiB ahead lets commits wait for them.
            file.expectRandomReads()
            return try PageMemory(byteCount: Self.pieceBytes)
        }
        for offset in stride(from: layout.framesOffset, to: framesEnd, by: Self.pieceBytes) {
            let byteCount = min(Self.pieceBytes, framesEnd - offset)
            do throws(DiskError) {
                let got = try buffer.withMutableBytes(in: 0..<byteCount) {
                    (bytes: inout MutableRawSpan) throws(DiskError) in
                    try file.read(into: &bytes, at: offset)
                }
                let isSame = buffer.withBytes(in: 0..<byteCount) {
                    segment.image.isEqual($0, at: offset)
                }
                if got < byteCount || !isSame {
                    differences.append("\(segment.path):\(offset): not what is in memory")
                }
            } catch {
                guard error.isUnreadable else { throw LogError(error, file: segment.path) }
                differences.append("\(segment.path):\(offset): cannot be read")
            }
        }
    }

    /// Behind the last whole frame of a segment: frames follow one another without a gap, but for
    /// what a loss covers.
    private func framesEnd(of segment: Segment) -> Int {
        var offset = layout.framesOffset
        while offset < layout.segmentBytes {
            guard
                case .whole(let header, _) = FrameHeader.find(
                    in: segment.image, at: offset, of: segment.identity, layout: layout)
            else { break }
            offset += header.paddedBytes(block: layout.blockBytes)
        }
        return min(offset, layout.segmentBytes)
    }

    // MARK: The file

    /// Writes and syncs a file.
    /// - Returns: what must be in it: count and digest are those of the events in the segments.
    private func write(
        _ scan: borrowing LogScan, to path: String, in files: any FileSystem,
        shouldStop: () -> Bool
    ) throws(LogError) -> SealedFooter {
        let file = try LogError.translating(path) { () throws(DiskError) in
            if try files.kind(of: path) != nil { try files.remove(path) }
            return try files.open(path, OpenMode(.mustBeNew, direct: options.isDirect))
        }
        defer { file.close() }
        var (source, writer) = try LogError.translating(path) { () throws(DiskError) in
            let writer = try SealedFileWriter(
                file: file, storeID: storeID, number: number,
                positions: start.nextPosition..<end.nextPosition, lastGroup: end.lastGroup,
                options: options)
            return (try SealedSource(scan, segments: segments), writer)
        }
        let isWritten = try LogError.translating(path) { () throws(DiskError) in
            try source.write(scan, to: writer) { !shouldStop() }
        }
        guard isWritten else { throw .closed }
        return try LogError.translating(path) { () throws(DiskError) in
            for commit in scan.commits ?? [] {
                try writer.addGroup(at: commit.position, instant: commit.instant)
            }
            return try writer.finish()
        }
    }

    /// Reads the file back, holds it against its source, and names it.
    private func finish(
        _ footer: SealedFooter, from temporaryPath: String, to path: String, _ folder: String,
        in files: any FileSystem
    ) throws(LogError) -> Made {
        var entry = SealedEntry(
            number: number, positions: start.nextPosition..<end.nextPosition, footerChecksum: 0)
        let sealed = try SealedFile.open(
            temporaryPath, named: path, storeID: storeID, isWritable: true, in: files)
        do throws(LogError) {
            // Proves that the events are those of the footer that it has.
            _ = try sealed.check()
            guard sealed.footer == footer else {
                throw sealed.nonsense(.chunks, 0, "events that are not those of the segments")
            }
            try LogError.translating(path) { () throws(DiskError) in
                entry.footerChecksum = try footer.checksum()
                try files.rename(temporaryPath, to: path)
                try files.syncFolder(folder)
            }
        } catch {
            sealed.pages.close()
            throw error
        }
        return Made(
            file: sealed, entry: entry, eventCount: footer.eventCount, fileBytes: footer.fileBytes)
    }
}
