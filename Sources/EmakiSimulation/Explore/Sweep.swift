import EmakiPlatform

/// Every damage to a single place of a small store: everything is there all the same, or the
/// opening is refused with the place. Anything else is a silent difference.
package enum Sweep {
    /// How much is tried.
    package enum Extent: Sendable {
        /// A part that takes seconds: one bit of each byte, every 16th length.
        case bounded
        case whole
    }

    /// One way of doing damage.
    package enum Kind: String, Sendable, CaseIterable {
        /// Each bit of what is used.
        case flip
        /// Each sector of 512 bytes and each block of 4 KiB, zeroed.
        case zero
        /// Two of them change places.
        case swap
        /// One of them as it was earlier, and the whole file as it was earlier.
        case older
        /// The file cut off at each byte of what is used.
        case truncate
        case remove
    }

    /// - Parameters:
    ///   - trying: called with a text before each damage.
    ///   - silent: called with a text for each silent difference.
    package static func run(
        _ kind: Kind, _ ending: SweepEnding, blockBytes: Int, _ extent: Extent,
        trying: ((String) -> Void)? = nil, silent: (String) -> Void
    ) throws -> SweepCounts {
        var run = SweepRun(
            try SweepStore(ending, blockBytes: blockBytes), extent, trying)
        for (path, bytes) in run.store.files {
            switch kind {
            case .flip: run.flip(path, bytes, silent)
            case .zero: run.zero(path, bytes, silent)
            case .swap: run.swap(path, bytes, silent)
            case .older: run.replaceByOlder(path, bytes, silent)
            case .truncate: run.truncate(path, bytes, silent)
            case .remove: run.remove(path, silent)
            }
        }
        return run.counts
    }
}

/// What became of damaged stores.
package struct SweepCounts: Counts {
    /// Damages.
    package var damages = 0
    /// Of these, in places that hold nothing, or in the middle of long payloads: every so many-th.
    package var sampled = 0
    package var kept = 0
    package var refused = 0
    /// Of these, naming another file than the damaged one.
    package var refusedElsewhere = 0
    /// The numbered non-promise N1.
    package var unmarkedGone = 0
    package var silent = 0

    package init() {}

    package static var fields: [(name: String, path: WritableKeyPath<Self, Int>)] {
        [
            ("damages", \.damages), ("sampled", \.sampled), ("kept", \.kept),
            ("refused", \.refused), ("refused_elsewhere", \.refusedElsewhere),
            ("unmarked_gone", \.unmarkedGone), ("silent", \.silent),
        ]
    }
}

/// A sweep over one store.
struct SweepRun {
    typealias Silent = (String) -> Void
    private static let units = [512, 4096]
    /// Payloads are flipped everywhere up to here, and beyond it every so many bytes.
    private static let payloadBytesMax = 1200
    private static let payloadStride = 61
    private static let emptyStride = 1009

    let store: SweepStore
    let extent: Sweep.Extent
    private let trying: ((String) -> Void)?
    private(set) var counts = SweepCounts()

    init(_ store: SweepStore, _ extent: Sweep.Extent, _ trying: ((String) -> Void)?) {
        self.store = store
        self.extent = extent
        self.trying = trying
    }

    // MARK: Kinds of damage

    mutating func flip(_ path: String, _ bytes: [UInt8], _ silent: Silent) {
        let used = UsedBytes(bytes)
        let long = store.groups.filter { $0.place.path == path }.compactMap {
            let start = $0.place.range.lowerBound + Self.payloadBytesMax
            return start < $0.place.range.upperBound ? start..<$0.place.range.upperBound : nil
        }
        for index in bytes.indices {
            let isInside = long.contains { $0.contains(index) }
            let isSampled = !used.contains(index) || isInside
            if isSampled {
                guard index % (isInside ? Self.payloadStride : Self.emptyStride) == 0 else {
                    continue
                }
            }
            let allBits = extent == .whole && !isSampled
            for bit in allBits ? 0..<8 : index % 8..<index % 8 + 1 {
                attempt(path, [index..<index + 1], isSampled: isSampled, silent) {
                    "bit \(bit) of byte \(index) flipped"
                } _: {
                    $0.damage(.flipBit(offset: index, bit: bit))
                }
            }
        }
    }

    mutating func zero(_ path: String, _ bytes: [UInt8], _ silent: Silent) {
        for unit in Self.units {
            for start in stride(from: 0, to: bytes.count, by: unit) {
                let range = start..<min(start + unit, bytes.count)
                // Zeros instead of zeros are no damage.
                guard bytes[range].contains(where: { $0 != 0 }) else { continue }
                attempt(path, [range], silent) {
                    "\(range) zeroed"
                } _: {
                    $0.damage(.zero(range))
                }
            }
        }
    }

    mutating func swap(_ path: String, _ bytes: [UInt8], _ silent: Silent) {
        for unit in Self.units {
            for (one, other) in pairs(of: unit, path, bytes) {
                let ranges = [one..<one + unit, other..<other + unit]
                guard bytes[ranges[0]] != bytes[ranges[1]] else { continue }
                attempt(path, ranges, silent) {
                    "\(ranges[0]) and \(ranges[1]) swapped"
                } _: {
                    $0.damage(.swap(one, other, count: unit))
                }
            }
        }
    }

    /// Each unit with the next one, and those at which something starts with each other.
    private func pairs(of unit: Int, _ path: String, _ bytes: [UInt8]) -> [(Int, Int)] {
        let starts = Array(stride(from: 0, through: bytes.count - unit, by: unit))
        var pairs = zip(starts, starts.dropFirst()).map { ($0, $1) }
        var places = store.groups.filter { $0.place.path == path }.map {
            $0.place.range.lowerBound / unit * unit
        }
        places += [0, store.blockBytes, bytes.count / 2].filter { $0 % unit == 0 }
        places = Array(Set(places)).filter { $0 + unit <= bytes.count }.sorted()
        for one in places {
            for other in places where one < other && other != one + unit {
                pairs.append((one, other))
            }
        }
        return pairs
    }

    mutating func replaceByOlder(_ path: String, _ bytes: [UInt8], _ silent: Silent) {
        for (number, old) in (store.older[path] ?? []).map(\.bytes).enumerated() {
            for unit in Self.units {
                for start in stride(from: 0, to: min(bytes.count, old.count), by: unit) {
                    let range = start..<min(start + unit, bytes.count, old.count)
                    guard bytes[range] != old[range] else { continue }
                    attempt(path, [range], isOlder: true, silent) {
                        "\(range) as in state \(number)"
                    } _: {
                        $0.write(Array(old[range]), at: start)
                    }
                }
            }
        }
    }

    mutating func truncate(_ path: String, _ bytes: [UInt8], _ silent: Silent) {
        let used = UsedBytes(bytes)
        for count in 0..<bytes.count {
            let isSampled = !used.contains(count)
            let stride = isSampled ? Self.emptyStride : extent == .whole ? 1 : 16
            guard count % stride == 0 else { continue }
            attempt(path, nil, isSampled: isSampled, silent) {
                "cut off at \(count)"
            } _: {
                $0.resize(to: count)
            }
        }
    }

    mutating func remove(_ path: String, _ silent: Silent) {
        trying?(name(path) { "removed" })
        let disk = SimulatedFileSystem(store.state)
        do {
            try disk.remove(path)
        } catch {
            return silent("\(path) cannot be removed: \(error)")
        }
        disk.losePower { _ in .keep }
        count(store.outcome(of: disk.presentState, in: path, nil), path, nil, false, silent) {
            "removed"
        }
    }

    // MARK: One damage

    private mutating func attempt(
        _ path: String, _ ranges: [Range<Int>]?, isSampled: Bool = false,
        isOlder: Bool = false, _ silent: Silent,
        note: () -> String, _ damage: (inout PagedBytes) -> Void
    ) {
        trying?(name(path, note))
        var state = store.state
        state.edit(path, damage)
        count(
            store.outcome(of: state, in: path, ranges), path, isOlder ? nil : ranges, isSampled,
            silent, note)
    }

    private mutating func count(
        _ outcome: SweepOutcome, _ path: String, _ ranges: [Range<Int>]?, _ isSampled: Bool,
        _ silent: Silent,
        _ note: () -> String
    ) {
        counts.damages += 1
        if isSampled { counts.sampled += 1 }
        switch outcome {
        case .kept: counts.kept += 1
        case .unmarkedGone: counts.unmarkedGone += 1
        case .refused(let file) where store.isOneCopy(path, ranges):
            counts.silent += 1
            silent("\(name(path, note)): \(Promise.oneCopyIsEnough), refused for \(file)")
        case .refused(let file):
            counts.refused += 1
            if file != path { counts.refusedElsewhere += 1 }
        case .silent(let text):
            counts.silent += 1
            silent("\(name(path, note)): \(text)")
        }
    }

    private func name(_ path: String, _ note: () -> String) -> String {
        "\(store.ending), blocks of \(store.blockBytes), \(path), \(note())"
    }
}

/// Which bytes of a file are in use: from the start of a sector to its last byte that is not zero,
/// and a few more.
struct UsedBytes {
    private static let unit = SimulatedTraits.sectorBytes
    private static let margin = 8
    private var counts: [Int] = []

    init(_ bytes: [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: Self.unit) {
            let sector = bytes[start..<min(start + Self.unit, bytes.count)]
            let last = sector.lastIndex { $0 != 0 }
            counts.append(last.map { $0 - start + 1 + Self.margin } ?? 0)
        }
    }

    func contains(_ index: Int) -> Bool { index % Self.unit < counts[index / Self.unit] }
}

extension DiskState {
    /// Changes a file on the medium, if there is one.
    mutating func edit(_ path: String, _ body: (inout PagedBytes) -> Void) {
        guard case .file(let number)? = try? tree.node(at: path, for: .open) else { return }
        files[number]?.edit(body)
    }
}
