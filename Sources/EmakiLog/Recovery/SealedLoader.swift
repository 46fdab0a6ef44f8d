import EmakiPlatform

/// Opens the sealed files that MANIFEST lists. Of each only the footer is read: what is in a file
/// is checked when it is asked for.
struct SealedLoader {
    let files: any FileSystem
    let storeID: Bits128
    let isReadOnly: Bool
    let toleratesDamage: Bool
    private(set) var damages: [Corruption] = []
    /// The file of removals was written again from its good copy, or would be if read-only.
    private(set) var mended: [String] = []
    private(set) var warnings: [String] = []
    private(set) var repairs: [RecoveryReceipt.Repair] = []

    init(
        files: any FileSystem, storeID: Bits128, isReadOnly: Bool, toleratesDamage: Bool
    ) {
        self.files = files
        self.storeID = storeID
        self.isReadOnly = isReadOnly
        self.toleratesDamage = toleratesDamage
    }

    /// - Throws: `.corrupt` at a file that is not the one that is listed, unless damage is
    ///   tolerated; then it is left out.
    mutating func load(_ entries: [SealedEntry]) throws(LogError) -> SealedSet {
        var opened: [SealedFile] = []
        do throws(LogError) {
            for entry in entries {
                do throws(LogError) {
                    let file = try open(entry)
                    opened.append(file)
                    if !file.hasBothFooters {
                        warnings.append(
                            "one of the two footers of \(entry.path) is damaged; a scrub writes it"
                                + " again")
                    }
                } catch .corrupt(let corruption) where toleratesDamage {
                    damages.append(corruption)
                }
            }
        } catch {
            for file in opened { file.pages.close() }
            throw error
        }
        return SealedSet(opened)
    }

    /// What streams had lost at the anchor.
    /// - Throws: as `load(_:)`.
    mutating func loadRemovals(
        _ file: RemovalFile?
    ) throws(LogError) -> [StreamID: Removals.Extent] {
        do throws(LogError) {
            guard let file else { return [:] }
            let (extents, isHalfBad) = try file.read(in: files, storeID: storeID)
            guard isHalfBad else { return extents }
            if isReadOnly {
                mended.append(file.path)
            } else if try file.mend(in: files, storeID: storeID) == true {
                mended.append(file.path)
                repairs.append(.init(file: file.path, part: .copy))
            } else {
                warnings.append("one copy of \(file.path) is bad and could not be written again")
            }
            return extents
        } catch .corrupt(let corruption) where toleratesDamage {
            damages.append(corruption)
            return [:]
        }
    }

    func open(_ entry: SealedEntry) throws(LogError) -> SealedFile {
        try SealedFile.open(
            entry, at: entry.path, listedBy: "MANIFEST", storeID: storeID, isWritable: !isReadOnly,
            in: files)
    }
}

extension SealedFile {
    /// Opens a file that something lists; reads its footers only.
    /// - Throws: `.corrupt` if it is missing, or not the file that is listed.
    static func open(
        _ entry: SealedEntry, at path: String, listedBy lister: String, storeID: Bits128,
        isWritable: Bool, in files: any FileSystem
    ) throws(LogError) -> SealedFile {
        func corrupt(_ reason: Corruption.Reason, _ evidence: String) -> LogError {
            .corrupt(Corruption(file: path, fileOffset: 0, reason: reason, evidence: evidence))
        }
        let kind = try LogError.translating(path) { () throws(DiskError) in
            try files.kind(of: path)
        }
        guard kind == .file else {
            throw corrupt(
                .missingFile,
                "\(lister) lists it with positions \(entry.positions.lowerBound) to"
                    + " \(entry.positions.upperBound)")
        }
        let file = try SealedFile.open(
            path, storeID: storeID, isWritable: isWritable, in: files)
        do throws(LogError) {
            guard try file.footer.isListed(as: entry) else {
                throw corrupt(.outdated, "it is another file than the one that \(lister) lists")
            }
            return file
        } catch {
            file.pages.close()
            throw error
        }
    }
}

extension SealedFooter {
    /// Whether a file with this footer is the one that is listed. The checksum covers all of it.
    func isListed(as entry: SealedEntry) throws(LogError) -> Bool {
        let checksum = try LogError.translating(entry.path) { () throws(DiskError) in
            try self.checksum()
        }
        return checksum == entry.footerChecksum && number == entry.number
            && positions == entry.positions
    }
}
