import EmakiLog
import EmakiPlatform

/// How a process ends: in order, killed, or with the power.
extension Driver {
    /// No call to the disk passes any more.
    var isStopped: Bool { !disk.isPowered || callsUntilKill == 0 }

    func arm(_ cut: (call: Int, fate: FateRule)) {
        callsUntilKill = nil
        self.cut = (disk.callCount + cut.call, cut.fate)
        if cut.call == 0 {
            losePower()
        } else {
            disk.powerCut = .atCall(disk.callCount + cut.call)
        }
    }

    func kill(at call: Int) {
        if call == 0 {
            stopProcess()
        } else {
            callsUntilKill = call - 1
        }
    }

    /// Nothing is to happen to the process any more.
    func disarm() {
        guard !isStopped else { return }
        cut = nil
        disk.powerCut = nil
        callsUntilKill = nil
    }

    /// After each step: the process may have been stopped in it.
    func noticeStop() {
        if !disk.isPowered {
            losePower()
        } else if callsUntilKill == 0 {
            stopProcess()
        }
    }

    /// The process ends where it is; what it wrote and did not sync is still in the system's cache.
    func stopProcess() {
        counts.kills += 1
        callsUntilKill = nil
        core?.closeFiles()
        endLife()
    }

    func losePower() {
        counts.powerCuts += 1
        callsUntilKill = nil
        let rule = cut?.fate ?? FateRule(.drop)
        cut = nil
        if rule.style == .state {
            let fates = FatePlan(disk.uncertain).fates(ofState: Int(clamping: rule.seed))
            disk.losePower { fates[$0.id] ?? .drop }
        } else {
            var picker = FatePicker(rule)
            disk.losePower { picker.fate(of: $0) }
        }
        endLife()
    }

    /// The core is gone, with everything that waited for it.
    func endLife() {
        counts.unknown += waiting.count
        if let core { counts.rotations += core.fullSegments.count }
        waiting = []
        core = nil
        out = nil
        life += 1
        openingCalls = 0
        isClosed = false
    }
}

/// Decides about each effect that was not synced.
struct FatePicker {
    private let style: FateRule.Style
    private var random: SeededRandom

    init(_ rule: FateRule) {
        style = rule.style
        random = SeededRandom(seed: rule.seed)
    }

    mutating func fate(of effect: PendingEffect) -> Fate {
        switch style {
        case .keep: .keep
        case .drop, .state: .drop
        case .mix: random.below(2) == 0 ? .keep : .drop
        case .torn: effect.isWrite ? torn(effect.sectorCount) : random.below(2) == 0 ? .keep : .drop
        case .zeros: effect.isWrite && random.below(2) == 0 ? .zero : .keep
        }
    }

    private mutating func torn(_ sectorCount: Int) -> Fate {
        let cut = random.below(sectorCount + 1)
        switch random.below(9) {
        case 0: return .tear(.prefix(cut))
        case 1: return .tear(.suffix(cut))
        case 2: return .tear(.sectors(SectorSet(count: sectorCount) { $0 != cut }))
        case 3: return .tear(.sectors(SectorSet(count: sectorCount) { $0 == cut }))
        case 4: return .zeroOutside(anySectors(sectorCount))
        case 5:
            let seed = random.next()
            return .noiseOutside(anySectors(sectorCount), seed: seed)
        case 6: return .tear(.bytes(random.below(sectorCount * SimulatedTraits.sectorBytes + 1)))
        case 7: return .keep
        default: return .tear(.sectors(anySectors(sectorCount)))
        }
    }

    private mutating func anySectors(_ count: Int) -> SectorSet {
        let words = (0..<(count + 63) / 64).map { _ in random.next() }
        return SectorSet(count: count) { words[$0 / 64] & (1 << UInt64($0 % 64)) != 0 }
    }
}
