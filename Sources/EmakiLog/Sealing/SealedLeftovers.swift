import EmakiPlatform

/// Sealed files that MANIFEST does not list: what an interrupted sealing or merge left.
enum SealedLeftovers {
    /// Removes files that nobody will ask for again. What cannot be removed costs space, and is
    /// tried again at the next opening.
    static func remove(_ paths: [String], in files: any FileSystem) {
        for path in paths {
            do {
                try files.remove(path)
            } catch {
                continue
            }
        }
    }

    /// What certainly is a leftover: files that have no name yet, and those with a number that was
    /// given out before MANIFEST was last replaced and that it does not list, because they were
    /// merged into others. A file with a later number may be what a later MANIFEST lists, if this
    /// one is an old one that was put back; it is left alone, and overwritten when its number comes
    /// up.
    static func find(
        in files: any FileSystem, notIn manifest: Manifest, before number: UInt64
    ) throws(DiskError) -> [String] {
        guard try files.kind(of: StoreFolder.sealed) == .folder else { return [] }
        let listed = manifest.sealedPaths
        return try files.list(StoreFolder.sealed).compactMap { name in
            let path = StoreFolder.sealed + "/" + name
            guard !listed.contains(path) else { return nil }
            if name.hasSuffix(SealedEntry.temporarySuffix) { return path }
            let isRemovals = name.hasSuffix(RemovalFile.suffix)
            let digits = isRemovals ? name.dropLast(RemovalFile.suffix.count) : name[...]
            guard let own = UInt64(digits), own < number,
                path == SealedEntry.path(ofNumber: own) + (isRemovals ? RemovalFile.suffix : "")
            else { return nil }
            return path
        }
    }
}
