import EmakiPlatform

/// What sealed files take, and how much of that is still needed.
public struct SealedSpace: Sendable, Equatable, Codable {
    /// Bytes of files, by tier.
    public var storedBytes: [Int]
    /// The part of them that is not removed, by tier: of each file as many of its bytes as of its
    /// events. Where many streams have lost something it is estimated from some of them. Snapshots
    /// that newer ones replaced count as needed.
    public var liveBytes: [Int]

    /// For each tier the share of its bytes that is needed; nil for one without a file.
    public var liveShares: [Double?] {
        zip(storedBytes, liveBytes).map { $0 == 0 ? nil : Double($1) / Double($0) }
    }

    /// The share of all files' bytes that is needed. Nil if there is none.
    public var liveShare: Double? {
        let stored = storedBytes.reduce(0, +)
        return stored == 0 ? nil : Double(liveBytes.reduce(0, +)) / Double(stored)
    }

    /// Bytes of files for each byte that is needed. Nil if none is.
    public var amplification: Double? { liveShare.flatMap { $0 > 0 ? 1 / $0 : nil } }
}

extension SealedSpace: CustomStringConvertible {
    /// In one line.
    public var description: String {
        func text(_ share: Double?) -> String {
            guard let share else { return "-" }
            let hundredths = Int((share * 100).rounded())
            let digits = "\(hundredths % 100)"
            return "\(hundredths / 100)." + (digits.utf8.count < 2 ? "0" : "") + digits
        }
        return "\(text(liveShare)) of sealed bytes, by tier"
            + " \(liveShares.map(text).joined(separator: " ")); stored for each live byte:"
            + " \(text(amplification))"
    }
}

/// A question to sealed files, asked without the lock.
struct SealedSpaceQuestion {
    let set: SealedSet
    let tiers: [Int]
    /// Some streams that have lost something, and how many there are.
    let streams: [(stream: StreamID, through: StreamVersion)]
    let streamCount: Int

    /// Streams that are asked for, in all files together.
    private static let lookupsMax = 1 << 18
    private static let streamsMax = 1 << 12

    init(_ core: LogCore) {
        set = core.sealed
        tiers = core.manifest.sealedFiles.map { Int($0.tier) }
        streamCount = core.removals.streamCount
        let count = min(Self.streamsMax, Self.lookupsMax / max(1, set.files.count))
        streams = core.removals.durable.prefix(count).map { ($0.key, $0.value.through) }
    }

    func answer() -> SealedSpace {
        var space = SealedSpace(storedBytes: [], liveBytes: [])
        // A tolerant opening may have left files out.
        guard tiers.count == set.files.count else { return space }
        for (file, tier) in zip(set.files, tiers) {
            while space.storedBytes.count <= tier {
                space.storedBytes.append(0)
                space.liveBytes.append(0)
            }
            let bytes = file.footer.fileBytes
            space.storedBytes[tier] += bytes
            space.liveBytes[tier] += Int((Double(bytes) * (1 - removedShare(of: file))).rounded())
        }
        return space
    }

    private func removedShare(of file: SealedFile) -> Double {
        guard !streams.isEmpty, file.footer.eventCount > 0 else { return 0 }
        var count = 0
        for (stream, through) in streams {
            // What cannot be read now is not known to be removed.
            guard let found = try? file.find(stream), found.firstVersion <= through else {
                continue
            }
            let versions = through.rawValue - found.firstVersion.rawValue + 1
            count += min(found.ordinals.count, Int(clamping: versions))
        }
        let estimate = Double(count) * Double(streamCount) / Double(streams.count)
        return min(1, estimate / Double(file.footer.eventCount))
    }
}
