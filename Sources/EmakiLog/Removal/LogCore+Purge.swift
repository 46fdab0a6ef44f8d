import EmakiPlatform

/// Erasure, as seen from the core: which files hold something of a stream, and which segments may
/// hold what an earlier life left.
extension SealedSet {
    /// A file with a number below `end` that holds events of a stream up to a version, or its
    /// snapshots.
    func file(
        before end: UInt64, with stream: StreamID, through version: StreamVersion
    ) throws(LogError) -> SealedFile? {
        let beside = SnapshotStream.id(beside: stream)
        for file in files where file.footer.number < end {
            if let found = try file.find(stream), found.firstVersion <= version { return file }
            if try file.find(beside) != nil { return file }
        }
        return nil
    }
}

extension SealedFile {
    func find(_ stream: StreamID) throws(LogError) -> Stream? {
        try stream.text.withUTF8Span { (id: RawSpan) throws(LogError) in
            try find(id, hash: stream.hash)
        }
    }
}

extension LogCore {
    /// Every segment file is filled with zeros before it is used again.
    func endReuse() {
        purgeCount += 1
        for index in filesInPreparation.indices { filesInPreparation[index].isRecycled = false }
    }

    func resumeReuse() { purgeCount -= 1 }

    /// The last ready segment that was not cleaned, which is not to be had from now on.
    func nextReadyToClean() -> Segment? {
        guard readyCount > 0 else { return nil }
        readyInCleaning += 1
        lookAtSpace()
        return segments[segments.count - readyInCleaning]
    }
}

extension Segment {
    private static let pieceBytes = 256 << 10

    /// Its image may hold what an earlier life left, if the log was opened with it.
    func clean(_ layout: SegmentLayout) throws(DiskError) {
        let zeros = try PageMemory(byteCount: Self.pieceBytes)
        for offset in stride(
            from: layout.framesOffset, to: layout.segmentBytes, by: Self.pieceBytes)
        {
            let piece = 0..<min(Self.pieceBytes, layout.segmentBytes - offset)
            try zeros.withBytes(in: piece) { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
        }
        try file.sync()
    }
}

// MARK: At once

/// For callers that hold the core alone, in the order of `EventLog.purge(_:)`.
extension LogCore {
    /// From here on no segment is used again with what was in it, until `resumeReuse`.
    package func beginPurge() throws(DiskError) {
        endReuse()
        defer {
            readyInCleaning = 0
            lookAtSpace()
        }
        while let segment = nextReadyToClean() { try segment.clean(layout) }
    }

    package func endPurge() { resumeReuse() }

    /// Offers the record of a deletion once more.
    package func offerAgain(
        of stream: StreamID, through version: StreamVersion, ending: Bool
    ) throws(LogError) -> OfferedBatch {
        try offer(
            MeasuredBatch(
                removal: RemovalSource(
                    stream: stream, expected: .anything,
                    request: .again(through: version, ending: ending))))
    }

    /// Writes one sealed file again that holds something of a stream up to a version.
    /// - Parameter end: files with this number or a later one leave it out.
    /// - Returns: false if there is none.
    package func rewriteFile(
        before end: UInt64, with stream: StreamID, through version: StreamVersion
    ) throws(LogError) -> Bool {
        let file = try sealed.file(before: end, with: stream, through: version)
        guard let file else { return false }
        return try merge(rewriting: file.footer.number)
    }

    package var sealedFileCount: Int { sealed.files.count }

    /// The number of the sealed file that is made next.
    package var nextSealedNumber: UInt64 { manifest.nextSealedNumber }

    package func cleanSpareFiles() throws(DiskError) {
        for file in filesInPreparation where !file.isEmpty {
            try file.makeEmpty(in: files)
            finishEmptying(file)
        }
        try renewDoubtfulManifest()
        try removeLeftovers()
    }

    /// A file that MANIFEST on the disk may list is no leftover until it certainly does not.
    private func renewDoubtfulManifest() throws(DiskError) {
        guard isManifestInDoubt else { return }
        let step = beginRenewal()
        do throws(DiskError) {
            try step.perform(in: files, drawingOn: reserve)
        } catch {
            failRenewal(step)
            throw error
        }
        SealedLeftovers.remove(finishRenewal(step), in: files)
    }
}
