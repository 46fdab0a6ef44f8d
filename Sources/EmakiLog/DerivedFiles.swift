import EmakiPlatform

/// Files in a store's folder that others make of the log's events, to go on from: nobody misses
/// them. Who changes what the events before some position are, without a trace that such a file
/// could be compared with, removes them first.
package enum DerivedFiles {
    /// The table of open runs. See `Docs/on-disk-format.md`.
    package static let projection = "workflow-projection"

    static func remove(in files: any FileSystem) throws(LogError) {
        try LogError.translating(projection) { () throws(DiskError) in
            guard try files.kind(of: projection) == .file else { return }
            try files.remove(projection)
            try files.syncFolder("")
        }
    }
}
