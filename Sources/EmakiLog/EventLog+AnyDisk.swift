import EmakiPlatform

/// A log on a disk that need not be the system's, with nothing measured.
extension EventLog {
    /// Takes the lock of the store at the root of a disk and opens it, on this thread. As `open`.
    package static func open(
        in files: any FileSystem, _ configuration: Configuration, entropy: any Entropy
    ) throws(LogError) -> EventLog {
        try configuration.validate()
        let lockFile: any FileLock
        do {
            lockFile = try files.lock(StoreFolder.lock)
        } catch {
            guard error.isLocked else { throw LogError(error, file: StoreFolder.lock) }
            throw .locked(path: "", by: nil)
        }
        do throws(LogError) {
            try createIfMissing(in: files, configuration, entropy)
        } catch {
            lockFile.unlock()
            throw error
        }
        return try open(in: files, configuration, lockFile, entropy: entropy)
    }

    private static func createIfMissing(
        in files: any FileSystem, _ configuration: Configuration, _ entropy: any Entropy
    ) throws(LogError) {
        let (kind, traits) = try LogError.translating(StoreFile.twin.name) {
            () throws(DiskError) in
            (try files.kind(of: StoreFile.twin.name), try files.traits())
        }
        guard kind == nil else { return }
        guard let options = configuration.createIfMissing else {
            throw .notAStore(path: "", reason: "there is no STORE file")
        }
        _ = try StoreCreation.lay(
            options, blockBytes: options.blockBytes ?? max(4096, traits.physicalBlockBytes),
            method: traits.supportsDirect ? .direct : .dataSync, rawLatency: 0, in: files, path: "",
            entropy: entropy, now: SystemClock.wallNanoseconds())
    }
}
