import EmakiPlatform

/// What a running backup keeps from going away. The run holds it, the log only looks at it: so it
/// ends with the run, however that ends.
final class BackupHold: Sendable {
    /// Footers of sealed files, by the numbers of which the log has other ones by now.
    let files: [SealedFooter]
    private let lock = Lock()
    private let segments: Guarded<[UInt64]>

    init(files: [SealedFooter], segments: [UInt64]) {
        self.files = files
        self.segments = Guarded(segments)
    }

    /// Numbers of the segments that are held.
    var heldSegments: [UInt64] { lock.withLock { segments.value } }

    /// They are copied: their images may be used again.
    func letGoOfSegments() { lock.withLock { segments.value.removeAll() } }
}

/// The backups that run, as far as anybody knows.
struct BackupHolds {
    private struct Weak { weak var hold: BackupHold? }

    private var holds: [Weak] = []

    /// What is there for backups only.
    struct Lag: Equatable {
        var backups = 0
        /// Segments that were sealed since, and of which the images wait.
        var segments = 0
        var files = 0
        /// Bytes of both: of memory, and of the disk.
        var bytes = 0
    }

    mutating func add(_ hold: BackupHold) {
        holds.removeAll { $0.hold == nil }
        holds.append(Weak(hold: hold))
    }

    /// - Parameter firstSegment: the oldest one that the log itself still has.
    func lag(
        of sealed: SealedSet, firstSegment: UInt64, segmentBytes: Int
    ) -> Lag {
        let running = holds.compactMap(\.hold)
        var lag = Lag(backups: running.count)
        guard !running.isEmpty else { return lag }
        let own = Set(sealed.files.map(\.footer.number))
        lag.segments = Set(running.flatMap(\.heldSegments).filter { $0 < firstSegment }).count
        var files: [UInt64: Int] = [:]
        for footer in running.flatMap(\.files) where !own.contains(footer.number) {
            files[footer.number] = footer.fileBytes
        }
        lag.files = files.count
        lag.bytes = lag.segments * segmentBytes + files.values.reduce(0, +)
        return lag
    }
}
