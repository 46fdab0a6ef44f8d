import EmakiPlatform

/// Makes one segment ready, off the commit path: planned under the log's lock, run without it.
///
/// Order, so that a crash at any point leaves nothing to guess:
/// 1. MANIFEST lists the file as in preparation (unless it does already);
/// 2. the file is filled with zeros (unless it was in use before) and gets both headers;
/// 3. the file and its folder are synced;
/// 4. MANIFEST lists it with its number and incarnation: now, and only now, it may be used.
package struct SegmentPreparation {
    /// Memory is touched and zeros are written in pieces of this size, so that a commit waits for
    /// one piece at most, of the device or of a core. On the disk of `Docs/benchmarks.md` pieces of
    /// 128 KiB doubled the p99 of commits while a segment was filled.
    static let pieceBytes = 32 << 10

    let layout: SegmentLayout
    let identity: SegmentIdentity
    let fileIndex: UInt32
    let isDirect: Bool
    /// The file was in use in an earlier life: all of it is written space.
    let isRecycled: Bool
    /// Nil if MANIFEST certainly lists the file as in preparation.
    let manifestBefore: Manifest?
    let manifestAfter: Manifest
    /// To be drawn on where there is no room otherwise; nil: there is another segment.
    var reserve: Reserve?

    /// - Parameter afterPiece: called between the pieces, so that a caller who is in no hurry can
    ///   leave the device, and the core, to commits for a while.
    /// - Throws: what the disk said; the file stays in preparation.
    package func run(
        in files: any FileSystem, afterPiece: () -> Void = {}
    ) throws(DiskError) -> Segment {
        let (file, image) = try drawing(layout.segmentBytes, for: .file) { () throws(DiskError) in
            try manifestBefore?.write(in: files)
            return try makeFile(in: files, afterPiece)
        }
        do {
            // Once this was tried MANIFEST may list the file as ready, so it is left as it is.
            try drawing(manifestAfter.fileBytes, for: .manifest) { () throws(DiskError) in
                try manifestAfter.write(in: files)
            }
            return Segment(identity: identity, fileIndex: fileIndex, file: file, image: image)
        } catch {
            file.close()
            throw error
        }
    }

    /// For folders and journals, besides what is written.
    private static let besidesBytes = 64 << 10

    private func drawing<R>(
        _ byteCount: Int, for use: Reserve.Use, _ body: () throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard let reserve else { return try body() }
        return try reserve.drawing(byteCount + Self.besidesBytes, for: use, body)
    }

    private func makeFile(
        in files: any FileSystem, _ afterPiece: () -> Void
    ) throws(DiskError) -> (any File, PageMemory) {
        let path = Manifest.path(ofFile: fileIndex)
        let file = try files.open(path, OpenMode(.createIfMissing, direct: isDirect))
        do throws(DiskError) {
            if !isRecycled { try expectRoom(for: file, in: files) }
            let image = try PageMemory(byteCount: layout.segmentBytes)
            if !isRecycled { try file.resize(to: layout.segmentBytes) }
            try fill(file, image, afterPiece)
            try writeHeaders(to: file, in: image)
            try file.sync()
            try files.syncFolder(StoreFolder.wal)
            return (file, image)
        } catch {
            if !isRecycled { giveBackSpace(of: file) }
            file.close()
            throw error
        }
    }

    /// Rather than fill what others may have need of, and find out then.
    private func expectRoom(
        for file: any File, in files: any FileSystem
    ) throws(DiskError) {
        let freeBytes = try files.traits().freeBytes
        let missingBytes = try layout.segmentBytes - file.byteCount()
        guard freeBytes >= missingBytes else { throw .noSpace(.allocate) }
    }

    /// A half-filled file must not be what keeps a full disk full.
    private func giveBackSpace(of file: any File) {
        do {
            try file.resize(to: 0)
        } catch {
            // The first error is the one to report; the file stays in preparation either way.
        }
    }

    /// Touches the image's memory, and fills a new file with its zeros.
    private func fill(
        _ file: any File, _ image: PageMemory, _ afterPiece: () -> Void
    ) throws(DiskError) {
        for offset in stride(from: 0, to: layout.segmentBytes, by: Self.pieceBytes) {
            let piece = offset..<min(offset + Self.pieceBytes, layout.segmentBytes)
            image.prefault(piece)
            if !isRecycled {
                try image.withBytes(in: piece) { (bytes: RawSpan) throws(DiskError) in
                    try file.write(bytes, at: offset)
                }
            }
            afterPiece()
        }
    }

    private func writeHeaders(to file: any File, in image: PageMemory) throws(DiskError) {
        for offset in [0, layout.headerTwinOffset] {
            SegmentHeader.encode(identity, layout: layout, into: image, at: offset)
            let block = offset..<offset + layout.blockBytes
            try image.withBytes(in: block) { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
        }
    }
}
