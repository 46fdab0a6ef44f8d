import EmakiPlatform

/// Looks at all pumps of the process every few milliseconds, on one thread, which ends when none of
/// them has had anything to do for some seconds.
final class Watchdog: @unchecked Sendable {
    static let shared = Watchdog()

    /// Between two looks.
    static let period: Int64 = 5_000_000

    private let word = WaitWord()
    private let lock = Lock()
    // Guarded by `lock`.
    private var watched: [Watched] = []
    private var hasThread = false

    /// A pump, and what is remembered of it from look to look.
    private final class Watched {
        private(set) weak var pump: RunPump?
        /// Of the thread.
        var looks = RunPump.Looks()

        init(_ pump: RunPump) { self.pump = pump }

        /// - Returns: whether to look again.
        func look() -> Bool { pump?.look(&looks) ?? false }
    }

    /// Looks at it until it has been idle for long, or is gone.
    func watch(_ pump: RunPump) {
        let mustStart = lock.withLock {
            watched.append(Watched(pump))
            defer { hasThread = true }
            return !hasThread
        }
        if mustStart { SystemThread.start(name: "emaki-watchdog") { [self] in run() } }
    }

    private func run() {
        while true {
            let now = lock.withLock { watched }
            // Without the lock: this may let go of a pump that nobody else has.
            let done = now.filter { !$0.look() }
            let isDone = lock.withLock {
                if !done.isEmpty {
                    watched.removeAll { entry in done.contains { $0 === entry } }
                }
                if watched.isEmpty { hasThread = false }
                return watched.isEmpty
            }
            guard !isDone else { return }
            _ = word.wait(while: word.value, nanoseconds: Self.period)
        }
    }
}
