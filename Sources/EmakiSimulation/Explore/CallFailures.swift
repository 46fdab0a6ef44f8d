import EmakiLog
import EmakiPlatform

/// The k-th call of each kind fails, for every k, in every way that the kind can fail in, under a
/// workload that makes, fills, seals, merges, recycles, marks, closes and opens, and under one that
/// purges and forgets.
///
/// Each run goes on after the failure: what is refused is refused by name, a log of which a write
/// failed is poisoned, everything that was acknowledged is there after the next opening. A second
/// run cuts the power as soon as the failure has happened.
package enum CallFailures {
    /// A way in which one call fails.
    package struct Way: Sendable {
        package var name: String
        package var action: Fault.Action
    }

    /// The kinds of calls that a log makes.
    package static let calls: [DoorCall] = DoorCall.allCases.filter { $0 != .map && $0 != .lock }

    package static func ways(of call: DoorCall) -> [Way] {
        let codes = [
            ("EIO", SystemCode.inputOutput), ("ENOSPC", SystemCode.noSpace),
            ("EINTR", SystemCode.interrupted), ("EAGAIN", SystemCode.wouldBlock),
        ]
        var ways = codes.map { Way(name: $0.0, action: .fail($0.1)) }
        let error = SystemCode.inputOutput
        switch call {
        case .write, .writeDurably:
            for count in [0, 512, 1536] {
                ways.append(
                    Way(name: "\(count) bytes, EIO", action: .fail(error, after: .bytes(count))))
            }
            ways.append(
                Way(
                    name: "512 bytes, ENOSPC",
                    action: .fail(SystemCode.noSpace, after: .bytes(512))))
            ways.append(Way(name: "done, EIO", action: .fail(error, after: .everything)))
        case .rename, .remove, .resize, .makeFolder, .syncFolder:
            ways.append(Way(name: "done, EIO", action: .fail(error, after: .everything)))
        case .read:
            for count in [0, 1, 700] {
                ways.append(Way(name: "\(count) bytes", action: .shortRead(count)))
            }
        default: break
        }
        if call == .sync || call == .writeDurably {
            for (name, pages) in [
                ("kept", Fault.FailedPages.kept), ("dropped", .dropped), ("reverted", .reverted),
            ] {
                ways.append(
                    Way(name: "EIO, pages \(name)", action: .failSync(error, pages: pages)))
            }
        }
        return ways
    }

    /// What the log lives through: one life after the other, each on a store of its own.
    private static let lives = [ordinaryLife, erasingLife]
    private static let ordinaryLife = [
        "prepare", "append a 2x10", "append big 1x40000", "idle",
        "append a 1x5000 + b 1x0", "fill 0", "write", "append big 1x40000", "prepare",
        "fill 1", "write", "append a 1x3", "seal 0", "prepare", "append c 2x5",
        "truncate c 1", "fill 0", "write",
        "append c 1x10", "seal 0", "append a 1x7", "prepare", "fill 0", "write", "append c 1x10",
        "seal 0", "merge", "prepare", "reopen", "append a 1x10", "close", "append b 1x10",
        "prepare", "append c 1x10", "close",
    ]
    /// A stream is purged out of a sealed file and a segment; another one is deleted, forgotten,
    /// and written anew; a third one stands beside them and stays.
    private static let erasingLife = [
        "prepare", "append p 2x10 + k 1x10", "append f 1x10", "fill 0", "write", "prepare",
        "append k 1x5", "seal 0", "append p 1x10", "prepare", "purge p", "prepare",
        "append k 1x10", "delete f", "prepare", "forget f", "append f 1x7", "prepare",
        "reopen", "append p 1x10", "append k 1x10", "idle", "close",
    ]
    /// After all that the log works.
    private static let lastLines = ["reopen", "append last 1x10", "read", "close", "read"]

    /// How much is tried.
    package enum Extent: Sendable {
        /// Every 8th k, once, and one kind of cut at every 16th: seconds of a debug build.
        case sampled
        /// Every k, once; the other ways, and one kind of cut, at every 16th k.
        case bounded
        /// Both sync methods, and cuts of five kinds.
        case whole

        fileprivate var methods: [SyncMethod] { self == .whole ? [.direct, .dataSync] : [.direct] }
        var cuts: [FateRule?] {
            let all: [FateRule?] = [
                nil, FateRule(.drop), FateRule(.keep), FateRule(.torn, seed: 1),
                FateRule(.torn, seed: 2), FateRule(.mix, seed: 3),
            ]
            return self == .whole ? all : Array(all.prefix(2))
        }

        /// - Parameters:
        ///   - way: number of the way among those of its kind.
        ///   - cut: number of the cut.
        fileprivate func tries(_ number: Int, way: Int, cut: Int) -> Bool {
            switch self {
            case .sampled: cut == 0 ? number % 8 == 1 : number % 16 == 0
            case .bounded: way + cut == 0 || (number + way + cut) % 16 == 0
            case .whole: true
            }
        }

        /// Of the ways in which a call fails: where time is short, one is like another.
        func chosen(_ ways: [Way]) -> [Way] { self == .sampled ? Array(ways.prefix(1)) : ways }
    }

    /// Fails each call of a kind, in every way.
    /// - Parameters:
    ///   - trying: called with a text before each attempt.
    ///   - broken: called with a text for each broken promise.
    package static func survey(
        _ call: DoorCall, _ extent: Extent, trying: (String) -> Void = { _ in },
        broken: (String) -> Void
    ) throws -> RunCounts {
        var counts = RunCounts()
        for variant in try variants(of: call, extent) {
            for number in 1... where variant.isTried(at: number, extent) {
                let attempt = "\(call) \(number) failed \(variant.text)"
                trying(attempt)
                guard let report = try run(variant, call, number) else { break }
                counts += report.counts
                if let violation = report.violation { broken("\(attempt): \(violation)") }
                // It broke before there was such a call, and would for ever.
                if report.counts.faults == 0 { break }
            }
        }
        return counts
    }

    /// Which call fails is the only thing that it leaves open.
    private struct Variant {
        var life: (index: Int, steps: [Step])
        var method: SyncMethod
        var way: (index: Int, way: Way)
        var cut: (index: Int, rule: FateRule?)

        var text: String {
            let end = cut.rule.map { ", then the power went: \($0.text)" } ?? ""
            return "(\(way.way.name), \(method), life \(life.index + 1))\(end)"
        }

        func isTried(at number: Int, _ extent: Extent) -> Bool {
            extent.tries(number, way: way.index, cut: cut.index)
        }
    }

    private static func variants(of call: DoorCall, _ extent: Extent) throws -> [Variant] {
        var variants: [Variant] = []
        for (lifeIndex, life) in lives.enumerated() {
            let steps = try Script(life.joined(separator: "\n")).steps
            for method in extent.methods {
                for (wayIndex, way) in extent.chosen(ways(of: call)).enumerated() {
                    variants += extent.cuts.enumerated().map { cutIndex, cut in
                        Variant(
                            life: (lifeIndex, steps), method: method, way: (wayIndex, way),
                            cut: (cutIndex, cut))
                    }
                }
            }
        }
        return variants
    }

    /// What the lives do where nothing fails.
    package static func unharmed() throws -> RunCounts {
        var counts = RunCounts()
        for life in lives {
            let report = try Driver.run(Script((life + lastLines).joined(separator: "\n")))
            if let violation = report.violation { throw violation }
            counts += report.counts
        }
        return counts
    }

    /// Fails the k-th call of a kind in one way.
    /// - Returns: nil if there is no k-th call.
    private static func run(
        _ variant: Variant, _ call: DoorCall, _ number: Int
    ) throws -> RunReport? {
        var shape = StoreShape()
        shape.method = variant.method
        let driver = try Driver(Script(store: shape, steps: variant.life.steps))
        driver.hadFaults = true
        let fault = Fault(variant.way.way.action, at: .call(number), of: [call])
        driver.disk.faults = FaultPlan([fault])
        return try driver.runFailure(
            cuts: variant.cut.rule, last: try Script(lastLines.joined(separator: "\n")).steps)
    }
}

extension Driver {
    /// Runs the script, cuts the power after the failure if asked to, and sees that the log works
    /// afterwards.
    fileprivate func runFailure(cuts: FateRule?, last: [Step]) throws -> RunReport? {
        var report = RunReport()
        counts.runs = 1
        do throws(Violation) {
            while cursor < script.steps.count {
                try runNext()
                guard disk.faults.strikeCount > 0 else { continue }
                if let cuts {
                    arm((0, cuts))
                    break
                }
            }
            guard disk.faults.strikeCount > 0 else {
                core?.closeFiles()
                return nil
            }
            report.counts.faults = disk.faults.strikeCount
            for step in last { try perform(step) }
            guard core != nil || isClosed, core?.isPoisoned != true else {
                throw Violation(.failuresPoison, "the log does not work again")
            }
        } catch {
            report.violation = error
        }
        core?.closeFiles()
        report.counts += counts
        return report
    }
}
