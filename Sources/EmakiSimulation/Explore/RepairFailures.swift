import EmakiLog
import EmakiPlatform

/// The k-th call of a repair fails, for every k, in every way, for stores with each kind of damage
/// that a repair can help.
///
/// Each run goes on after the failure as a person would: the log opens, or it is repaired once
/// more, and then it opens. A second run cuts the power as soon as the repair has failed. What must
/// be there then says `RepairSubject`.
package enum RepairFailures {
    /// What a store suffers before it is repaired.
    package enum Harm: String, Sendable, CaseIterable {
        /// A frame in the middle.
        case frame
        /// A frame in each of two segments.
        case frames
        /// Both headers of a segment.
        case headers
        /// Both headers of a segment, and a frame of the one before.
        case headersAndFrame
        /// The last group and the mark behind it: only a slot says that they were there.
        case end
        /// A group in blocks that cannot be read.
        case unreadable
        /// The last group, without a mark, in blocks that cannot be read.
        case unreadableEnd

        var ending: SweepEnding { self == .unreadableEnd ? .killed : .closed }
    }

    /// Fails each call of a repair, in every way.
    /// - Parameters:
    ///   - trying: called with a text before each attempt.
    ///   - broken: called with a text for each broken promise.
    package static func survey(
        _ harm: Harm, _ extent: CallFailures.Extent, trying: (String) -> Void = { _ in },
        broken: (String) -> Void
    ) throws -> RunCounts {
        var counts = RunCounts()
        for (blockBytes, method) in shapes(extent) {
            let subject = try RepairSubject(harm, blockBytes: blockBytes, method)
            for call in CallFailures.calls {
                for way in ways(of: call, extent) {
                    for cut in extent.cuts {
                        let end = cut.map { ", then the power went: \($0.text)" } ?? ""
                        let step = extent == .sampled ? 8 : 1
                        for number in stride(from: 1, to: .max, by: step) {
                            let attempt =
                                "repair of \(harm), blocks of \(blockBytes), \(method): \(call)"
                                + " \(number) failed (\(way.name))\(end)"
                            trying(attempt)
                            let fault = Fault(way.action, at: .call(number), of: [call])
                            let (hasStruck, violation) = run(subject, fault, cut, &counts)
                            if let violation { broken("\(attempt): \(violation)") }
                            guard hasStruck else { break }
                        }
                    }
                }
            }
        }
        return counts
    }

    private static func shapes(_ extent: CallFailures.Extent) -> [(Int, SyncMethod)] {
        extent == .whole
            ? [(4096, .direct), (4096, .dataSync), (512, .direct)] : [(4096, .direct)]
    }

    /// One way in which the system refuses is like another, where time is short.
    private static func ways(
        of call: DoorCall, _ extent: CallFailures.Extent
    ) -> [CallFailures.Way] {
        extent.chosen(CallFailures.ways(of: call)).filter { way in
            extent == .whole || !["EINTR", "EAGAIN"].contains(way.name)
        }
    }

    /// - Returns: false if the repair makes no such call; it is held to the same all the same.
    private static func run(
        _ subject: RepairSubject, _ fault: Fault, _ cut: FateRule?, _ counts: inout RunCounts
    ) -> (hasStruck: Bool, Violation?) {
        let disk = SimulatedFileSystem(subject.state)
        disk.faults = FaultPlan([fault])
        do throws(LogError) {
            _ = try LogCore.repair(in: disk)
        } catch {
            counts.refusals += 1
        }
        let struckCount = disk.faults.strikeCount
        disk.faults = FaultPlan()
        if let cut {
            var picker = FatePicker(cut)
            disk.losePower { picker.fate(of: $0) }
        }
        if struckCount > 0 {
            counts.runs += 1
            counts.faults += struckCount
            counts.powerCuts += cut == nil ? 0 : 1
        }
        do throws(Violation) {
            try subject.check(disk, &counts)
            return (struckCount > 0, nil)
        } catch {
            return (struckCount > 0, error)
        }
    }
}
