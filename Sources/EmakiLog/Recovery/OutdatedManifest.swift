import EmakiPlatform

/// Whether MANIFEST is older than the segments beside it, as one that was put back from a backup.
///
/// A file gets the header of its next life, with the next segment number, only after MANIFEST lists
/// it as in preparation, and is written to only after MANIFEST lists it as usable with that number
/// (`SegmentPreparation`). So whatever was interrupted, or failed and was tried again, a file that
/// MANIFEST does not list as usable
///
/// - has no number beyond the next one, and
/// - if it has the next one, holds nothing that was written in that life.
///
/// A file that breaks this was in use under a later MANIFEST. (A usable file whose header has such
/// a number is found by `SegmentLoader`.) What cannot be read proves nothing.
struct OutdatedManifest {
    let files: any FileSystem
    let manifest: Manifest
    let layout: SegmentLayout

    /// - Returns: the proof, or nil.
    /// - Complexity: O(files that are not usable); one of them is read whole after a preparation
    ///   that was interrupted.
    func find() throws(LogError) -> Corruption? {
        let usable = Set(manifest.segments.filter { !$0.isInPreparation }.map(\.path))
        let paths = try LogError.translating(StoreFolder.wal) { () throws(DiskError) in
            guard try files.kind(of: StoreFolder.wal) != nil else { return [String]() }
            return try files.list(StoreFolder.wal).map { StoreFolder.wal + "/" + $0 }
        }
        for path in paths where !usable.contains(path) {
            do {
                if let evidence = try evidence(in: path) {
                    return Self.corruption(evidence)
                }
            } catch {
                // Reported as a stranger, if it is one.
                continue
            }
        }
        return nil
    }

    static func corruption(_ evidence: String) -> Corruption {
        Corruption(
            file: Manifest.twin.name, fileOffset: 0, reason: .outdated,
            evidence: evidence + ", so a later MANIFEST was here; put the latest one back")
    }

    private func evidence(in path: String) throws(DiskError) -> String? {
        guard try files.kind(of: path) == .file else { return nil }
        let file = try files.open(path, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        guard try file.byteCount() == layout.segmentBytes else { return nil }
        let head = try read(file, byteCount: layout.framesOffset)
        for offset in [0, layout.headerTwinOffset] {
            guard
                case .good(let identity) = SegmentHeader.decode(
                    from: head, at: offset, layout: layout),
                identity.storeID == manifest.storeID,
                identity.number >= manifest.nextSegmentNumber
            else { continue }
            let claim = "\(path) is segment \(identity.number)"
            if identity.number > manifest.nextSegmentNumber {
                return claim + ", and MANIFEST has numbers below \(manifest.nextSegmentNumber) only"
            }
            let image = try read(file, byteCount: layout.segmentBytes)
            if let found = SegmentEvidence.find(identity, in: image, layout: layout) {
                return claim + ", which MANIFEST does not list, and holds \(found)"
            }
        }
        return nil
    }

    private func read(_ file: any File, byteCount: Int) throws(DiskError) -> PageMemory {
        let memory = try PageMemory(byteCount: byteCount)
        _ = try memory.withMutableBytes(in: 0..<byteCount) {
            (bytes: inout MutableRawSpan) throws(DiskError) in
            try file.read(into: &bytes, at: 0)
        }
        return memory
    }
}
