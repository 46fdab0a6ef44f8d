import EmakiPlatform

/// How an opening writes and reads a store, which may have been moved to another device since it
/// was made. Nothing is measured here: `emaki probe` does that.
struct DeviceChoice {
    let method: SyncMethod
    let warnings: [String]

    init(for store: StoreFile, in files: any FileSystem) throws(LogError) {
        let traits = try LogError.translating("") { () throws(DiskError) in try files.traits() }
        let blockBytes = store.layout.blockBytes
        var method = store.syncMethod
        var warnings: [String] = []
        let needed = max(traits.logicalBlockBytes, traits.physicalBlockBytes)
        if method == .direct, !traits.supportsDirect || needed > blockBytes {
            method = .dataSync
            warnings.append(
                traits.supportsDirect
                    ? "this device writes \(needed) bytes at once and the store's blocks have"
                        + " \(blockBytes): opened through the page cache"
                    : "\(traits.fileSystemName) cannot bypass the page cache: opened through it")
        }
        if method != .direct, blockBytes < traits.fileSystemBlockBytes {
            warnings.append(
                "the file system's blocks of \(traits.fileSystemBlockBytes) bytes are larger than"
                    + " the store's: a torn write may reach acknowledged bytes; export the events"
                    + " to a new store")
        }
        self.method = method
        self.warnings = warnings
    }
}
