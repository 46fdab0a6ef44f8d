import EmakiPlatform

/// A folder of backups of one store.
///
///     BACKUP            which store they are of, see `BackupMarker`
///     LOCK              one at a time works here
///     backup-00000001   a backup, see `BackupManifest`; without it nothing below counts
///     sealed/           sealed files of the store, each once, whichever backups list it
///     tails/            of each backup, a sealed file of what was not sealed then, and what
///                       streams had lost (`RemovalFile`)
///
/// What no manifest lists was left by a backup that was interrupted.
struct BackupFolder {
    static let lock = StoreFolder.lock
    static let sealed = "sealed"
    static let tails = "tails"
    static let manifestPrefix = "backup-"

    let files: any FileSystem
    /// For errors.
    let path: String

    static func digits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    // MARK: Finding and making

    /// - Throws: `.notAStore` if there are no backups in this place.
    func open() throws(LogError) -> (BackupMarker, isHalfBad: Bool) {
        let kind = try naming { () throws(DiskError) in
            try files.kind(of: "") == .folder ? files.kind(of: BackupMarker.twin.name) : nil
        }
        guard kind == .file else {
            throw .notAStore(path: path, reason: "there is no \(BackupMarker.twin.name) file")
        }
        return try BackupMarker.read(in: files)
    }

    /// Makes an empty folder one of backups, or sees that it is one of this store's; durable on
    /// return.
    func prepare(for store: StoreFile, now: Int64) throws(LogError) {
        let names = try naming { () throws(DiskError) in try files.list("") }
        if names.contains(BackupMarker.twin.name) {
            let (marker, _) = try BackupMarker.read(in: files)
            guard marker.storeID == store.storeID else {
                throw .invalid(
                    .option(
                        name: "folder",
                        reason: "holds backups of store \(marker.storeID), and this is store"
                            + " \(store.storeID); choose another folder"))
            }
        } else {
            try expectNothingForeign(in: names)
            let marker = BackupMarker(storeID: store.storeID, createdAt: now)
            try naming { () throws(DiskError) in try marker.write(in: files) }
        }
        try naming { () throws(DiskError) in
            for folder in [Self.sealed, Self.tails] where try files.kind(of: folder) == nil {
                try files.makeFolder(folder)
            }
            try files.syncFolder("")
        }
    }

    /// Looks, before anything is made, the lock's file among it, whether the folder may be one of
    /// backups.
    /// - Throws: `.alreadyExists` if something else is in it.
    func expectNothingForeign() throws(LogError) {
        let names = try naming { () throws(DiskError) in try files.list("") }
        if !names.contains(BackupMarker.twin.name) { try expectNothingForeign(in: names) }
    }

    private func expectNothingForeign(in names: [String]) throws(LogError) {
        let own = [Self.lock, BackupMarker.twin.temporaryName]
        if let foreign = names.first(where: { !own.contains($0) }) {
            throw .alreadyExists(path: path + "/" + foreign)
        }
    }

    // MARK: Backups

    /// All of them, oldest first.
    struct Listing {
        var backups: [BackupManifest] = []
        /// Of these a copy of the manifest is bad.
        var halfBad: Set<UInt64> = []
        /// Manifests that cannot be used.
        var damages: [(number: UInt64, corruption: Corruption)] = []

        /// Paths that are listed; nil: nobody knows all of them.
        var listedPaths: Set<String>? {
            guard damages.isEmpty else { return nil }
            return Set(backups.flatMap(\.paths))
        }
        var lastNumber: UInt64 { max(backups.last?.number ?? 0, damages.last?.number ?? 0) }
    }

    func listing() throws(LogError) -> Listing {
        let names = try naming { () throws(DiskError) in try files.list("") }
        var listing = Listing()
        for number in names.compactMap(Self.number(ofManifest:)).sorted() {
            do throws(LogError) {
                let (manifest, isHalfBad) = try BackupManifest.read(number, in: files)
                listing.backups.append(manifest)
                if isHalfBad { listing.halfBad.insert(number) }
            } catch .corrupt(let corruption) {
                listing.damages.append((number, corruption))
            }
        }
        return listing
    }

    private static func number(ofManifest name: String) -> UInt64? {
        guard name.hasPrefix(manifestPrefix),
            let number = UInt64(name.dropFirst(manifestPrefix.count)),
            name == manifestPrefix + digits(number)
        else { return nil }
        return number
    }

    // MARK: Cleaning

    /// Removes what interrupted backups and removed ones left: files that no manifest lists. If a
    /// manifest cannot be read, nobody knows what it lists, and no file goes.
    /// - Parameter wanted: these stay, though nothing lists them yet.
    func clean(_ listing: Listing, keeping wanted: Set<String> = []) throws(LogError) {
        guard let listed = listing.listedPaths else { return }
        try naming { () throws(DiskError) in
            for folder in [Self.sealed, Self.tails] where try files.kind(of: folder) == .folder {
                for name in try files.list(folder) {
                    let path = folder + "/" + name
                    if !listed.contains(path), !wanted.contains(path) { try files.remove(path) }
                }
            }
        }
    }

    /// Removes all but the newest backups, and then what only they had. Of backups whose manifests
    /// cannot be read those that are newer than the oldest one kept stay.
    /// - Returns: how many were removed.
    func prune(keeping count: Int) throws(LogError) -> Int {
        guard count > 0 else {
            throw .invalid(.option(name: "keep", reason: "is \(count); at least one is kept"))
        }
        var listing = try listing()
        var removedCount = 0
        if listing.backups.count > count {
            let first = listing.backups[listing.backups.count - count].number
            let removed =
                listing.backups.map(\.number).filter { $0 < first }
                + listing.damages.map(\.number).filter { $0 < first }
            try naming { () throws(DiskError) in
                for number in removed.sorted() {
                    try files.remove(BackupManifest.twin(number).name)
                }
                // What a manifest lists goes only once it is certain that nobody will read it.
                try files.syncFolder("")
            }
            listing.backups.removeAll { $0.number < first }
            listing.damages.removeAll { $0.number < first }
            removedCount = removed.count
        }
        try clean(listing)
        return removedCount
    }

    func naming<R>(_ body: () throws(DiskError) -> R) throws(LogError) -> R {
        try LogError.translating(path, body)
    }
}
