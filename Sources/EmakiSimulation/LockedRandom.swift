import EmakiPlatform

/// Seeded random numbers for several threads: repeatable if the order of the questions is.
final class LockedRandom: Entropy, @unchecked Sendable {
    private let lock = Lock()
    private var random: SeededRandom

    init(_ random: SeededRandom) { self.random = random }

    func next() -> UInt64 { lock.withLock { random.next() } }

    func below(_ limit: Int) -> Int { lock.withLock { random.below(limit) } }

    /// Other numbers than those that come, and the same each time.
    func fork() -> SeededRandom {
        lock.withLock {
            var copy = random
            return SeededRandom(seed: copy.next())
        }
    }

    /// Kept, dropped, or something in between.
    func fate(of effect: PendingEffect) -> Fate {
        lock.withLock {
            let choice = random.below(8)
            guard effect.isWrite, choice >= 4 else { return choice % 2 == 0 ? .keep : .drop }
            let sectorCount = effect.sectorCount
            switch choice {
            case 4: return .zero
            case 5: return .tear(.prefix(random.below(sectorCount + 1)))
            case 6:
                let noise = random.next()
                return .noiseOutside(someSectors(of: sectorCount), seed: noise)
            default: return .tear(.sectors(someSectors(of: sectorCount)))
            }
        }
    }

    private func someSectors(of count: Int) -> SectorSet {
        SectorSet(count: count) { _ in random.oneIn(2) }
    }
}
