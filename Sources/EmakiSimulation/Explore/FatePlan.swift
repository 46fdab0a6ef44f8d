/// Every state that a power loss may leave, numbered.
///
/// Up to `partCountMax` independent parts (a sector of a write, a name, a size), every subset of
/// them is a state. Where there are more, the longest writes are taken out until the others fit;
/// of these others still every subset, and with each of them one long write in each of its shapes
/// (none of it, all, every prefix, every suffix, one hole, one survivor) while each other long one
/// is kept or dropped. Beyond `stateCountMax` states `drawnCount` are drawn from
/// seeds, and the plan says that it is a sample.
struct FatePlan {
    static let partCountMax = 12
    static let stateCountMax = 1 << 14
    static let drawnCount = 1 << 11

    let stateCount: Int
    /// False: some of the states, drawn at random.
    let isComplete: Bool
    private let short: [UncertainEffect]
    private let long: [UncertainEffect]

    init(_ effects: [UncertainEffect]) {
        var short = effects
        var long: [UncertainEffect] = []
        while short.reduce(0, { $0 + $1.partCount }) > Self.partCountMax,
            let index = short.indices.max(by: { short[$0].partCount < short[$1].partCount }),
            short[index].partCount > 1
        {
            long.append(short.remove(at: index))
        }
        self.short = short
        self.long = long
        let partCount = short.reduce(0) { $0 + $1.partCount }
        let shapes = max(1, long.reduce(0) { $0 + Self.shapeCount($1.partCount) })
        let bits = partCount + max(0, long.count - 1)
        let isFew = bits < 30 && shapes << bits <= Self.stateCountMax
        isComplete = isFew
        stateCount = isFew ? shapes << bits : Self.drawnCount
    }

    /// What becomes of each effect, by its id.
    /// - Parameter number: from 0; those beyond the last mean the last.
    func fates(ofState number: Int) -> [Int: Fate] {
        var fates = isComplete ? numbered(number) : drawn(UInt64(number))
        for effect in short {
            for follower in effect.followers { fates[follower] = fates[effect.effect.id] }
        }
        return fates
    }

    private func numbered(_ number: Int) -> [Int: Fate] {
        var rest = min(max(0, number), stateCount - 1)
        var fates: [Int: Fate] = [:]
        for effect in short {
            let mask = rest & (1 << effect.partCount - 1)
            rest >>= effect.partCount
            fates[effect.effect.id] = effect.fate { mask & (1 << $0) != 0 }
        }
        guard !long.isEmpty else { return fates }
        let others = rest & (1 << (long.count - 1) - 1)
        var shape = rest >> (long.count - 1)
        var otherNumber = 0
        var isShaped = false
        for effect in long {
            let count = Self.shapeCount(effect.partCount)
            if !isShaped, shape < count {
                isShaped = true
                fates[effect.effect.id] = effect.fate { part in
                    Self.contains(part, shape: shape, of: effect.partCount)
                }
            } else {
                if !isShaped { shape -= count }
                fates[effect.effect.id] = others & (1 << otherNumber) != 0 ? .keep : .drop
                otherNumber += 1
            }
        }
        return fates
    }

    /// None, all, prefixes, suffixes, holes, survivors.
    private static func shapeCount(_ partCount: Int) -> Int { 4 * partCount }

    private static func contains(_ part: Int, shape: Int, of count: Int) -> Bool {
        if shape < count { return part < shape }
        if shape < 2 * count { return part >= shape - count }
        if shape < 3 * count { return part != shape - 2 * count }
        return part == shape - 3 * count
    }

    private func drawn(_ seed: UInt64) -> [Int: Fate] {
        var random = SeededRandom(seed: seed)
        var fates: [Int: Fate] = [:]
        for effect in short + long {
            let shape = random.below(3)
            fates[effect.effect.id] =
                shape == 0 ? .keep : shape == 1 ? .drop : effect.fate { _ in random.below(2) == 0 }
        }
        return fates
    }
}

extension UncertainEffect {
    /// - Parameter isKept: asked for each part.
    fileprivate func fate(_ isKept: (Int) -> Bool) -> Fate {
        let kept = (0..<partCount).filter(isKept)
        if kept.isEmpty { return .drop }
        if kept.count == partCount { return .keep }
        let set = Set(kept.map { sectors[$0] })
        return .tear(.sectors(SectorSet(count: effect.sectorCount) { set.contains($0) }))
    }
}
