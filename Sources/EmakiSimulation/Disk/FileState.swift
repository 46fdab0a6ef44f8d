import EmakiPlatform

/// One file: what is durable, what is to be seen, and every change between the two, in order.
///
/// What is seen is what is durable with all changes applied, except after a failed sync that lost
/// changes: they are shown as long as the page cache is not dropped. A change that is durable by
/// itself (a write through the caches) waits in the list while older ones do not have their fate,
/// so that an older one can never come to lie over it.
struct FileState: Sendable {
    private(set) var durable = PagedBytes()
    private(set) var visible = PagedBytes()
    private(set) var changes: [FileChange] = []
    /// The page cache shows changes that a failed sync lost.
    private var showsLostChanges = false
    /// Sectors that cannot be read until they are written.
    private var badSectors: Set<Int> = []

    init() {}

    init(_ bytes: PagedBytes) {
        durable = bytes
        visible = bytes
    }

    mutating func write(_ bytes: RawSpan, at offset: Int, _ origin: EffectOrigin, durably: Bool) {
        guard bytes.byteCount > 0 else { return }
        visible.write(bytes, at: offset)
        healSectors(offset..<offset + bytes.byteCount)
        let run = visible.run(offset..<offset + bytes.byteCount)
        changes.append(FileChange(origin: origin, kind: .write(run), isDurable: durably))
        settleFront()
    }

    mutating func resize(to byteCount: Int, _ origin: EffectOrigin) {
        let kind = FileChange.Kind.resize(from: visible.byteCount, to: byteCount)
        changes.append(FileChange(origin: origin, kind: kind, isDurable: false))
        visible.resize(to: byteCount)
    }

    mutating func sync() {
        if showsLostChanges {
            durable = device
        } else {
            durable = visible
        }
        changes.removeAll()
    }

    mutating func failSync(_ pages: Fault.FailedPages) {
        guard pages != .kept else { return }
        for change in changes where change.isDurable { change.apply(.keep, to: &durable) }
        changes.removeAll()
        showsLostChanges = pages == .dropped
        if pages == .reverted { visible = durable }
    }

    mutating func dropCache() {
        guard showsLostChanges else { return }
        visible = device
        showsLostChanges = false
    }

    /// What a read past the page cache shows.
    var device: PagedBytes {
        guard showsLostChanges else { return visible }
        var bytes = durable
        for change in changes { change.apply(.keep, to: &bytes) }
        return bytes
    }

    /// Every change that is not durable meets its fate; what is left is durable.
    mutating func losePower(_ fate: (Int) -> Fate) {
        for change in changes {
            change.apply(change.isDurable ? .keep : fate(change.origin.id), to: &durable)
        }
        changes.removeAll()
        visible = durable
        showsLostChanges = false
    }

    /// Changes bytes on the medium itself: both what is durable and what is seen.
    mutating func edit(_ body: (inout PagedBytes) -> Void) {
        body(&durable)
        body(&visible)
    }

    // MARK: Bad sectors

    mutating func addBadSectors(_ range: Range<Int>) {
        let sectors = Sectors(of: range)
        for sector in 0..<sectors.count { badSectors.insert(sectors.first + sector) }
    }

    func isReadable(_ range: Range<Int>) -> Bool {
        guard !badSectors.isEmpty else { return true }
        let sectors = Sectors(of: range)
        return badSectors.isDisjoint(with: sectors.first..<sectors.first + sectors.count)
    }

    private mutating func healSectors(_ range: Range<Int>) {
        guard !badSectors.isEmpty else { return }
        let unit = SimulatedTraits.sectorBytes
        badSectors = badSectors.filter { sector in
            sector * unit < range.lowerBound || (sector + 1) * unit > range.upperBound
        }
    }

    private mutating func settleFront() {
        let front = changes.prefix(while: \.isDurable)
        guard !front.isEmpty else { return }
        for change in front { change.apply(.keep, to: &durable) }
        changes.removeFirst(front.count)
    }
}

/// Where an effect came from.
struct EffectOrigin: Sendable {
    let id: Int
    let callNumber: Int
    let path: String
}

/// One change to one file.
struct FileChange: Sendable {
    enum Kind: Sendable {
        case write(PageRun)
        case resize(from: Int, to: Int)
    }

    let origin: EffectOrigin
    let kind: Kind
    let isDurable: Bool

    func pending(fileNumber: Int) -> PendingEffect {
        let kind: PendingEffect.Kind =
            switch self.kind {
            case .write(let run): .write(run.range)
            case .resize(let old, let new): .resize(from: old, to: new)
            }
        return PendingEffect(
            id: origin.id, callNumber: origin.callNumber, path: origin.path,
            fileNumber: fileNumber, kind: kind)
    }

    func apply(_ fate: Fate, to bytes: inout PagedBytes) {
        switch kind {
        case .write(let run): apply(fate, of: run, to: &bytes)
        case .resize(_, let size):
            precondition(fate == .keep || fate == .drop, "a resize is kept or dropped")
            if fate == .keep { bytes.resize(to: size) }
        }
    }

    private func apply(_ fate: Fate, of run: PageRun, to bytes: inout PagedBytes) {
        switch fate {
        case .keep: bytes.apply(run, in: run.range)
        case .drop: break
        case .zero: bytes.zero(run.range)
        case .tear(.bytes(let count)):
            let start = run.range.lowerBound
            bytes.apply(run, in: start..<start + min(max(0, count), run.range.count))
        case .tear(let tear):
            let sectors = Sectors(of: run.range)
            for sector in 0..<sectors.count where tear.contains(sector, of: sectors.count) {
                bytes.apply(run, in: sectors.bytes(of: sector))
            }
        case .zeroOutside(let kept):
            bytes.zero(run.range)
            applySectors(kept, of: run, to: &bytes)
        case .noiseOutside(let kept, let seed):
            var noise = SeededRandom(seed: seed)
            bytes.write(noise.bytes(run.range.count), at: run.range.lowerBound)
            applySectors(kept, of: run, to: &bytes)
        }
    }

    private func applySectors(
        _ kept: SectorSet, of run: PageRun, to bytes: inout PagedBytes
    ) {
        let sectors = Sectors(of: run.range)
        for sector in 0..<sectors.count where kept.contains(sector) {
            bytes.apply(run, in: sectors.bytes(of: sector))
        }
    }
}
