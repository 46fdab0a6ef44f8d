#if Lint
    /// Why an index store is not used.
    package enum IndexStoreError: Error, Equatable {
        /// Nobody built the package, or the path is another one.
        case noStore(String?)
        /// The toolchain's library is not where it should be. Name it.
        case noLibrary
        /// Another library, or one of another version.
        case wrongLibrary(String, reason: String)
        /// The store cannot be read: build again.
        case damaged(String, reason: String)
        /// The program that reads stores cannot be started.
        case noReader(String)

        /// What happened, and what to do next.
        package var text: String {
            switch self {
            case .noStore(nil): "no index store: build the package first, or pass --index-store"
            case .noStore(let path?):
                "\(path): no index store is there; a build writes it below `index/store`"
            case .noLibrary:
                "the toolchain's libIndexStore is not found; pass --index-library"
            case .wrongLibrary(let path, let reason): "\(path): no library for it: \(reason)"
            case .damaged(let path, let reason):
                "\(path): the index store cannot be read (\(reason)); build again"
            case .noReader(let reason): "what reads the index store cannot be started: \(reason)"
            }
        }
    }
#endif
