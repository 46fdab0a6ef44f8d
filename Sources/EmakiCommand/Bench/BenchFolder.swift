import EmakiPlatform

/// The folder of a run: the caller's, or a fresh one under the current folder that goes away again.
struct BenchFolder: Sendable {
    let path: String
    private let isOwn: Bool

    init(_ path: String?) throws(DiskError) {
        if let path {
            (self.path, isOwn) = (path, false)
            return
        }
        // The clock is enough of a name: nobody else makes folders of this name here.
        self.path = "emaki-bench-\(SystemClock.wallNanoseconds())"
        isOwn = true
        try PosixFileSystem(root: self.path).makeFolder("")
    }

    /// What cannot be removed stays; the run has its result by then.
    func removeIfOwn() {
        guard isOwn else { return }
        Self.remove(path)
    }

    /// Removes a folder and everything in it.
    static func remove(_ path: String) {
        let files = PosixFileSystem(root: path)
        do {
            try remove("", in: files)
        } catch {
            // A leftover folder is no reason to fail; it is in plain sight.
        }
    }

    private static func remove(_ folder: String, in files: PosixFileSystem) throws(DiskError) {
        for name in try files.list(folder) {
            let path = folder.isEmpty ? name : folder + "/" + name
            if try files.kind(of: path) == .folder {
                try remove(path, in: files)
            } else {
                try files.remove(path)
            }
        }
        try files.remove(folder)
    }
}
