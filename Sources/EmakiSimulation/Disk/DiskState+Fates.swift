import EmakiPlatform

/// A change that is not durable, with the parts of it of which each may be lost by itself.
struct UncertainEffect: Sendable {
    let effect: PendingEffect
    /// Of a write: the sectors that would read otherwise without it. Empty for all else, and for a
    /// write that changes no more than the size of its file.
    let sectors: [Int]
    /// Other writes that change no more than the size of the same file: they share its fate.
    var followers: [Int] = []

    /// How many parts are kept or dropped independently.
    var partCount: Int { max(1, sectors.count) }
}

extension DiskState {
    /// What is not durable, in the order of the calls. A sector of a write that says what was there
    /// before, whatever became of earlier writes, is no part: kept or dropped, it reads the same.
    /// Writes of a file that have no other sectors, and lengthen it at most, share one fate.
    var uncertain: [UncertainEffect] {
        var found = tree.changes.map { UncertainEffect(effect: $0.pending, sectors: []) }
        for (number, file) in files {
            let sectors = file.uncertainSectors
            var lengthening: UncertainEffect?
            for change in file.changes where !change.isDurable {
                let effect = UncertainEffect(
                    effect: change.pending(fileNumber: number),
                    sectors: sectors[change.origin.id] ?? [])
                if !effect.effect.isWrite || !effect.sectors.isEmpty {
                    found.append(effect)
                } else if lengthening == nil {
                    lengthening = effect
                } else {
                    lengthening?.followers.append(effect.effect.id)
                }
            }
            if let lengthening { found.append(lengthening) }
        }
        return found.sorted { $0.effect.id < $1.effect.id }
    }

    /// Equal for disks that hold the same after a power loss.
    var durableHash: UInt64 {
        var paths: [(String, FolderTree.Node)] = []
        FolderTree.visit(tree.durable) { paths.append(($0, $1)) }
        var hash = TraceHash(seed: 0)
        for (path, node) in paths.sorted(by: { $0.0 < $1.0 }) {
            hash.add(path)
            guard case .file(let number) = node, let file = files[number] else { continue }
            hash.add(file.durable.byteCount)
            hash.add(file.durable.contentHash)
        }
        return hash.value
    }
}

extension FileState {
    /// By the id of each write that is not durable: the sectors in which it differs from what was
    /// there before, or may have been.
    fileprivate var uncertainSectors: [Int: [Int]] {
        var found: [Int: [Int]] = [:]
        var uncertain: [Range<Int>] = []
        for change in changes {
            if case .resize(let from, let to) = change.kind, to < from {
                uncertain.append(to..<from)
            }
            guard case .write(let run) = change.kind else { continue }
            let sectors = Sectors(of: run.range)
            let parts = (0..<sectors.count).filter { sector in
                let range = sectors.bytes(of: sector)
                return uncertain.contains { $0.overlaps(range) }
                    || !run.isSame(as: durable, in: range)
            }
            uncertain += parts.map { sectors.bytes(of: $0) }
            found[change.origin.id] = parts
        }
        return found
    }
}

extension PageRun {
    /// Whether a file holds these bytes already; behind its end it reads as zeros.
    fileprivate func isSame(as bytes: PagedBytes, in range: Range<Int>) -> Bool {
        var mine = PagedBytes()
        mine.apply(self, in: range)
        let held = range.clamped(to: 0..<max(range.lowerBound, bytes.byteCount))
        let old = bytes.bytes(in: held) + [UInt8](repeating: 0, count: range.count - held.count)
        return mine.bytes(in: range) == old
    }
}
