/// A mutant that no rule finds: a promise that is broken by an order or a value, not by a missing
/// check.
struct NamedMutant {
    var file: String
    var name: String
    /// Occurs exactly once in the file.
    var context: String
    /// The part of `context` that the texts go around; all of it if nil.
    var target: String?
    var before: String
    var after: String

    /// The value is another while the mutant is on.
    static func value(
        _ file: String, _ name: String, in context: String, _ target: String, is other: String
    ) -> NamedMutant {
        NamedMutant(
            file: file, name: name, context: context, target: target,
            before: "(mutantIsOn(#) ? \(other) : ", after: ")")
    }

    /// A statement is left out while the mutant is on.
    static func without(_ file: String, _ name: String, _ statement: String) -> NamedMutant {
        NamedMutant(
            file: file, name: name, context: statement, target: nil,
            before: "if !mutantIsOn(#) { ", after: " }")
    }

    /// Something happens before a statement while the mutant is on.
    static func first(
        _ file: String, _ name: String, _ act: String, before statement: String
    ) -> NamedMutant {
        NamedMutant(
            file: file, name: name, context: statement, target: nil,
            before: "if mutantIsOn(#) { \(act) }; ", after: "")
    }
}

extension NamedMutant {
    static let all = commit + frames + marks + recovery + segments

    private static let committer = "Sources/EmakiLog/Commit/Committer.swift"
    private static let appending = "Sources/EmakiLog/Commit/Committer+Append.swift"
    private static let groupWrite = "Sources/EmakiLog/Core/GroupWrite.swift"
    private static let header = "Sources/EmakiLog/Format/FrameHeader.swift"
    private static let coreSegments = "Sources/EmakiLog/Core/LogCore+Segments.swift"
    private static let preparation = "Sources/EmakiLog/Segment/SegmentPreparation.swift"
    private static let scan = "Sources/EmakiLog/Recovery/LogScan.swift"

    private static let commit: [NamedMutant] = [
        .without(committer, "a failed write does not poison", "core.poison()"),
        .value(
            committer, "a failed write is reported as durable", in: "signal = .poisoned",
            ".poisoned", is: ".durable"),
        .first(
            committer, "waiters are resumed before the write",
            "let early = lock.withLock { () -> [Waiter] in defer { waiters.removeAll() };"
                + " return Array(waiters) };"
                + " for waiter in early { waiter.slot.resume(returning: .durable) }",
            before: "let error = perform(write)"),
        .value(
            committer, "any group resumes every waiter", in: "waiting[index].end <= durable",
            "waiting[index].end <= durable", is: "true"),
        .value(
            appending, "a repeated append does not wait for the original",
            in: ".repeated(let positions): positions.upperBound", "positions.upperBound",
            is: ".start"),
        .value(
            appending, "a refusal does not wait for what it rests on",
            in: "case .refused(_, let after): after", "after", is: ".start"),
        .without(groupWrite, "a failed write does not poison the core", "poison()"),
        .first(
            groupWrite, "the durable position moves before the write",
            "staging.durableEnd = end.nextPosition",
            before: "isWriting = true\n        writingSegment = segment.number"),
        .without(
            groupWrite, "the durable position does not move",
            "staging.durableEnd = write.end.nextPosition"),
    ]

    private static let frames: [NamedMutant] = [
        .value(
            header, "the watermark is not written", in: "watermark = end.nextPosition\n",
            "end.nextPosition", is: ".start"),
        .value(
            header, "the chain is not written", in: "previousChecksum = end.frameChecksum\n",
            "end.frameChecksum", is: "0"),
        .value(
            header, "the frame's own offset is not written",
            in: "self.fileOffset = UInt64(fileOffset)", "UInt64(fileOffset)", is: "0"),
        .without(
            groupWrite, "the padding is not zeroed",
            "bytes.zero(\n            bytesStart + gathering.next - gathering.start..<bytesStart"
                + " + writeEnd - gathering.start)"),
        .value(
            groupWrite, "a group is written one block short",
            in: "range: gathering.start..<writeEnd, bytes", "writeEnd",
            is: "max(gathering.start + layout.blockBytes, writeEnd - layout.blockBytes)"),
    ]

    private static let marks: [NamedMutant] = [
        .value(
            committer, "the mark's frame is not written", in: "frame.flatMap { perform($0) }",
            "frame.flatMap { perform($0) }", is: "nil"),
        .value(
            committer, "the mark's slot is not written",
            in: "error = perform(write)\n            slot", "perform(write)", is: "nil"),
        .value(
            committer, "the slot is written after the frame failed",
            in: "if error == nil {\n            let write = core.beginSlot", "error == nil",
            is: "true"),
        .value(
            groupWrite, "a mark does not clear the block behind it", in: "isMark ? min(",
            "isMark", is: "false"),
        .value(
            groupWrite, "a mark is written from the image", in: "isMark ? (markBuffer, 0)",
            "isMark", is: "false"),
        .without(groupWrite, "the slots do not alternate", "nextIdleSlot = 1 - nextIdleSlot"),
        .value(
            groupWrite, "the slot names the mark's own frame",
            in: "(beginFrame(isClosing ? .closeMark : .idleMark, at: instant), marked)", "marked",
            is: "end"),
        .value(
            groupWrite, "an idle log is not marked", in: "return !isMarked && !hasStaged",
            "!isMarked", is: "isClosing"),
    ]

    private static let recovery: [NamedMutant] = [
        .value(
            scan, "a cut is not remembered", in: "guard header.kind == .cut", "header.kind == .cut",
            is: "false"),
        .without(scan, "a cut is not laid over the image", "segment.image.zero(block)"),
        .value(
            scan, "loss records account for nothing", in: "lostPositionCount += lost", "lost",
            is: "0"),
    ]

    private static let segments: [NamedMutant] = [
        .first(
            preparation, "MANIFEST lists a segment before it is synced",
            "try manifestAfter.write(in: files)", before: "try writeHeaders(to: file, in: image)"),
        .value(
            coreSegments, "the file that a write is in is closed",
            in: "isWriting ? activeIndex - 1 : activeIndex", "isWriting", is: "false"),
        .without(
            coreSegments, "a failed preparation keeps its generation",
            "manifest.generation = preparation.manifestAfter.generation"),
        .value(
            coreSegments, "a recycled file keeps its incarnation",
            in: "incarnation: Bits128(random: entropy))", "Bits128(random: entropy)",
            is: "store.storeID"),
    ]
}

extension NamedMutant {
    /// Where this is in a file's text.
    func point(in text: String) -> MutationPoint {
        let bytes = Array(text.utf8)
        var point = MutationPoint(
            file: file, function: "", kind: .named, name: name, line: 1, lastLine: 1,
            excerpt: oneLine(context))
        let places = Self.places(of: Array(context.utf8), in: bytes)
        guard places.count == 1, let place = places.first else {
            point.skipReason = "its text occurs \(places.count) times: NamedMutants.swift is behind"
            return point
        }
        let wanted = Array((target ?? context).utf8)
        let inside = Self.places(of: wanted, in: Array(context.utf8))
        guard let start = inside.last.map({ place + $0 }) else {
            point.skipReason = "its target is not in its context"
            return point
        }
        let end = start + wanted.count
        point.line = 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
        point.lastLine = 1 + bytes[..<end].count { $0 == UInt8(ascii: "\n") }
        // Outside of what the rules put around the same statement.
        let width = after.isEmpty ? .max : wanted.count + 1
        point.insertions = [
            Insertion(offset: start, text: before, width: width, isOpening: true),
            Insertion(offset: end, text: after, width: width, isOpening: false),
        ]
        return point
    }

    private static func places(of wanted: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard !wanted.isEmpty, wanted.count <= bytes.count else { return [] }
        return (0...bytes.count - wanted.count).filter {
            bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
        }
    }
}
