import EmakiPlatform

/// Looks at every file of a store and says what is there, also when it is damaged.
///
/// Decides nothing and changes nothing. What a frame is worth is asked of the code that recovery
/// asks (`FrameHeader.find`, `isInPlace`, `isLinked`); here is only the walk over all blocks.
/// Holds the image of one segment at a time.
package struct StoreInspection: Sendable {
    /// What STORE says; nil if `storeFault` says why that is not known.
    package let store: StoreDescription?
    package let storeFault: String?
    /// What MANIFEST says; nil if `manifestFault` says why that is not known.
    package let manifest: ManifestFacts?
    package let manifestFault: String?
    /// Files in the folder of segments that MANIFEST does not list.
    package let strangers: [String]

    let files: any FileSystem
    let storeFile: StoreFile?
    let sealedEntries: [SealedEntry]
    private let entries: [Manifest.Entry]
    private let anchor: LogEnd

    /// MANIFEST in short.
    package struct ManifestFacts: Sendable, Codable {
        package var generation: UInt64
        package var anchorGroup: UInt64
        package var anchorPosition: UInt64
        package var anchorSegment: UInt64
        package var nextSegmentNumber: UInt64
        package var segmentCount: Int
        package var sealedFileCount: Int
        package var nextSealedNumber: UInt64
        /// One of its two copies fails its checksum.
        package var isHalfBad: Bool
    }

    /// Runs a look at the store in a folder, whose lock it holds meanwhile.
    /// - Throws: `.notAStore`, `.locked`, `.noPermission`, `.disk`, and what the body throws.
    package static func withStore<R>(
        at path: String, _ body: (StoreInspection) throws -> R
    ) throws -> R {
        let files = PosixFileSystem(root: path)
        guard try StoreCreation.isStore(files, path: path) else {
            throw LogError.notAStore(path: path, reason: "there is no STORE file")
        }
        let lockFile = try StoreCreation.lock(files, path: path)
        defer { lockFile.unlock() }
        return try body(StoreInspection(of: files))
    }

    /// Reads STORE and MANIFEST; the caller has locked the store.
    /// - Throws: only what hinders any look, as `.noPermission` and `.disk`.
    package init(of files: any FileSystem) throws(LogError) {
        self.files = files
        let (storeFile, storeFault) = try Self.unlessDamaged { () throws(LogError) in
            try StoreFile.read(in: files).0
        }
        self.storeFile = storeFile
        self.storeFault = storeFault
        store = storeFile.map { StoreDescription($0) }
        let (listed, manifestFault) = try Self.unlessDamaged { () throws(LogError) in
            try storeFile.map { store throws(LogError) in
                try Manifest.read(in: files, storeID: store.storeID)
            }
        }
        let found = listed ?? nil
        self.manifestFault = manifestFault
        manifest = found.map { ManifestFacts($0.0, isHalfBad: $0.isHalfBad) }
        entries = found?.0.segments ?? []
        sealedEntries = found?.0.sealedFiles ?? []
        anchor = found?.0.anchor ?? .empty
        let paths = Set(entries.map(\.path))
        strangers = try LogError.translating(StoreFolder.wal) { () throws(DiskError) in
            guard try files.kind(of: StoreFolder.wal) == .folder else { return [] }
            return try files.list(StoreFolder.wal).map { StoreFolder.wal + "/" + $0 }
                .filter { !paths.contains($0) }
        }
    }

    /// Damage is what this is for; anything else ends the look.
    private static func unlessDamaged<R>(
        _ body: () throws(LogError) -> R
    ) throws(LogError) -> (R?, fault: String?) {
        do {
            return (try body(), nil)
        } catch {
            switch error {
            case .corrupt, .unsupportedFormat, .notAStore: return (nil, error.description)
            case .disk(_, _, let code) where DiskError(.open, code).isNotFound:
                return (nil, error.description)
            default: throw error
            }
        }
    }

    // MARK: Segments

    /// What to collect beside the counts.
    package struct Request: Sendable {
        /// Only the segment of this number.
        package var segment: UInt64?
        /// At most so many frames of each segment.
        package var frameCountMax: Int
        /// So many of the first bytes of each frame.
        package var hexBytes: Int

        package init(segment: UInt64? = nil, frameCountMax: Int = .max, hexBytes: Int = 0) {
            self.segment = segment
            self.frameCountMax = frameCountMax
            self.hexBytes = hexBytes
        }
    }

    /// Looks at the segments that MANIFEST lists, in their order.
    ///
    /// Without STORE or MANIFEST nothing says how to read them, or which life of a file counts.
    package func forEachSegment(
        _ request: Request = Request(), _ body: (SegmentInspection) throws -> Void
    ) throws {
        guard let storeFile else { return }
        var end = anchor
        // Whether a segment is full is only known once the next one was looked at.
        var held: SegmentInspection?
        func deliver(_ segment: SegmentInspection?) throws {
            guard let segment, request.segment ?? segment.number == segment.number else { return }
            try body(segment)
        }
        for entry in entries {
            var reader = SegmentInspector(
                files: files, store: storeFile, entry: entry, request: request, end: end)
            let segment = reader.run()
            end = reader.end
            if segment.linkedFrameCount > 0, held?.state == .active { held?.state = .full }
            try deliver(held)
            held = segment
        }
        try deliver(held)
    }
}

extension StoreInspection.ManifestFacts {
    init(_ manifest: Manifest, isHalfBad: Bool) {
        generation = manifest.generation
        anchorGroup = manifest.anchor.lastGroup
        anchorPosition = manifest.anchor.nextPosition.rawValue
        anchorSegment = manifest.anchorSegment
        nextSegmentNumber = manifest.nextSegmentNumber
        segmentCount = manifest.segments.count
        sealedFileCount = manifest.sealedFiles.count
        nextSealedNumber = manifest.nextSealedNumber
        self.isHalfBad = isHalfBad
    }
}
