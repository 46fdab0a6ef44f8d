import EmakiPlatform

/// A change that is not durable, with the parts of it of which each may be lost by itself.
struct UncertainEffect: Sendable {
    let effect: PendingEffect
    /// Of a write: the sectors that would read otherwise without it. Empty for all else, and for a
    /// write that changes no more than the size of its file.
    let sectors: [Int]

    /// How many parts are kept or dropped independently.
    var partCount: Int { max(1, sectors.count) }
}

extension DiskState {
    /// What is not durable, in the order of the calls. A sector of a write that says what the disk
    /// says already, and that no other change touches, is no part: kept or dropped, it reads the
    /// same.
    var uncertain: [UncertainEffect] {
        var found = tree.changes.map { UncertainEffect(effect: $0.pending, sectors: []) }
        for (number, file) in files {
            for change in file.changes where !change.isDurable {
                found.append(
                    UncertainEffect(
                        effect: change.pending(fileNumber: number),
                        sectors: file.uncertainSectors(of: change)))
            }
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
    fileprivate func uncertainSectors(of change: FileChange) -> [Int] {
        guard case .write(let run) = change.kind else { return [] }
        let others = changes.compactMap { other -> Range<Int>? in
            guard other.origin.id != change.origin.id, case .write(let run) = other.kind else {
                return nil
            }
            return run.range
        }
        let sectors = Sectors(of: run.range)
        return (0..<sectors.count).filter { sector in
            let range = sectors.bytes(of: sector)
            return others.contains { $0.overlaps(range) } || !run.isSame(as: durable, in: range)
        }
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
