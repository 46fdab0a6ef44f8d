/// What one method's durable writes cost, in nanoseconds.
package struct SyncTiming: Sendable, Equatable {
    package let method: SyncMethod
    package let sampleCount: Int
    package let durableMin: Int64
    package let durableP50: Int64
    package let durableP99: Int64
    /// The same write without the sync.
    package let unsyncedP50: Int64

    /// Nil without samples.
    package init?(method: SyncMethod, durable: [Int64], unsynced: [Int64]) {
        let durable = durable.sorted()
        let unsynced = unsynced.sorted()
        guard let least = durable.first, !unsynced.isEmpty else { return nil }
        self.method = method
        sampleCount = durable.count
        durableMin = least
        durableP50 = Self.percentile(50, of: durable)
        durableP99 = Self.percentile(99, of: durable)
        unsyncedP50 = Self.percentile(50, of: unsynced)
    }

    /// The smallest sample that at least this share of all samples does not exceed.
    private static func percentile(_ percent: Int, of sorted: [Int64]) -> Int64 {
        sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }
}

/// What the probe found: the method to use, the price of a commit, and reasons for doubt.
package struct SyncProbeReport: Sendable, Equatable {
    /// One for each method that works here, in the order in which they were asked for.
    package let timings: [SyncTiming]
    /// The method with the lowest median; the direct one unless another is clearly faster, because
    /// a busy moment must not decide for the life of a store.
    package let chosen: SyncMethod
    /// Nanoseconds; the unit in which latency is stated (F): the median of the direct method, or
    /// of the chosen one where there is no direct I/O.
    package let rawLatencyP50: Int64
    package let warnings: [SyncWarning]

    /// Below this no device that keeps bytes without power has answered yet.
    package static let durableP50Min: Int64 = 5_000
    /// A sync that adds less than this share, in percent, to a write did not empty a cache.
    package static let syncedToUnsyncedPercentMin: Int64 = 115
    /// The direct method is taken while it costs no more than this share, in percent, of the best.
    package static let directToBestPercentMax: Int64 = 125

    /// Nil without timings.
    package init?(timings: [SyncTiming], traits: DiskTraits) {
        // A method that is too fast to be true must not win by that.
        let plausible = timings.filter { !Self.isImplausible($0, traits) }
        let candidates = plausible.isEmpty ? timings : plausible
        guard let best = candidates.min(by: { $0.durableP50 < $1.durableP50 }) else { return nil }
        self.timings = timings
        let direct = timings.first { $0.method == .direct }
        let isDirectGood = candidates.contains {
            $0.method == .direct
                && $0.durableP50 * 100 <= best.durableP50 * Self.directToBestPercentMax
        }
        chosen = isDirectGood ? .direct : best.method
        rawLatencyP50 = (direct ?? best).durableP50
        warnings = Self.warnings(timings, traits, hasDirect: direct != nil)
    }

    private static func warnings(
        _ timings: [SyncTiming], _ traits: DiskTraits, hasDirect: Bool
    ) -> [SyncWarning] {
        var warnings: [SyncWarning] = timings.filter { isImplausible($0, traits) }
            .map { .implausiblyFast($0.method) }
        if FileSystemKind.isUnsafe(named: traits.fileSystemName) {
            warnings.append(.unsafeFileSystem(traits.fileSystemName))
        }
        if !traits.overwritesInPlace { warnings.append(.notInPlace(traits.fileSystemName)) }
        if !hasDirect { warnings.append(.noDirect) }
        return warnings
    }

    /// The warnings for a new store, for which copying on write was to be switched off.
    /// - Parameter isStopped: whether that worked; nil if it was not tried.
    package func warnings(copyOnWriteStopped isStopped: Bool?) -> [SyncWarning] {
        warnings.map { warning in
            guard case .notInPlace(let name) = warning, let isStopped else { return warning }
            return isStopped ? .copyOnWriteStopped(name) : .copyOnWriteStays(name)
        }
    }

    private static func isImplausible(_ timing: SyncTiming, _ traits: DiskTraits) -> Bool {
        if timing.durableP50 < durableP50Min { return true }
        guard traits.hasVolatileCache == true else { return false }
        return timing.durableP50 * 100 <= timing.unsyncedP50 * syncedToUnsyncedPercentMin
    }
}

/// A reason to doubt that what is synced survives a power cut, or stays where it was written.
package enum SyncWarning: Sendable, Equatable {
    case implausiblyFast(SyncMethod)
    case unsafeFileSystem(String)
    case notInPlace(String)
    /// As `notInPlace`, where a new store's segments were exempted.
    case copyOnWriteStopped(String)
    /// As `notInPlace`, where the file system was asked and did not.
    case copyOnWriteStays(String)
    case noDirect
}

extension SyncWarning: CustomStringConvertible {
    package var description: String {
        switch self {
        case .implausiblyFast(let method):
            "Durable writes (\(method)) are faster than a device can keep bytes. Something "
                + "between here and the device ignores syncs; a power cut may lose events."
        case .unsafeFileSystem(let name):
            "The file system is \(name), whose syncs do not reach a device of this machine. "
                + "Events may be lost with power or with the other side."
        case .notInPlace(let name):
            "The file system (\(name)) does not promise to overwrite in place, so a commit costs "
                + "more and a full disk can make it fail."
        case .copyOnWriteStopped(let name):
            "The file system (\(name)) copies on write, but not in the folder of this store's "
                + "segments: that was switched off. Snapshots and reflinks bring it back, and a "
                + "commit then costs more and can fail on a full disk."
        case .copyOnWriteStays(let name):
            "The file system (\(name)) does not promise to overwrite in place, and could not be "
                + "told to, so a commit costs more and a full disk can make it fail."
        case .noDirect:
            "There is no direct I/O here. Commits go through the page cache and cost more."
        }
    }
}
