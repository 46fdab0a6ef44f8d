import EmakiCommandSupport
import EmakiLog
import Foundation

/// What `emaki inspect` prints for people.
enum InspectionText {
    private static let hexBytesPerLine = 32

    static func lines(of inspection: StoreInspection) -> [String] {
        var lines: [String] = []
        if let store = inspection.store {
            lines += ["STORE"] + StoreLines.lines(of: store).map { "  " + $0 }
        }
        if let fault = inspection.storeFault {
            lines += ["STORE: DAMAGED: \(fault)", "  segments cannot be read without it"]
        }
        if let manifest = inspection.manifest {
            lines += [
                "MANIFEST" + (manifest.isHalfBad ? " (one of its two copies is bad)" : ""),
                "  generation \(manifest.generation), \(manifest.segmentCount) segments, the next"
                    + " has number \(manifest.nextSegmentNumber)",
                "  \(manifest.sealedFileCount) sealed files, the next has number"
                    + " \(manifest.nextSealedNumber)",
                "  recovery starts behind group \(manifest.anchorGroup), position"
                    + " \(manifest.anchorPosition), segment \(manifest.anchorSegment)",
            ]
        }
        if let fault = inspection.manifestFault { lines.append("MANIFEST: DAMAGED: \(fault)") }
        return lines + inspection.strangers.map { "not listed in MANIFEST: \($0)" }
    }

    static func lines(of file: SealedInspection) -> [String] {
        var lines = [
            "",
            "\(file.file)  tier \(file.tier), positions"
                + " \(file.firstPosition)..<\(file.endPosition)",
        ]
        if let fault = file.fault { return lines + ["  DAMAGED: \(fault)"] }
        lines.append(
            "  \(file.events) events of \(file.streams) streams in \(file.chunks) chunks, up to"
                + " group \(file.lastGroup); \(file.bytes) bytes")
        lines += file.parts.map { part in
            let name = part.name.padding(toLength: 12, withPad: " ", startingAt: 0)
            return "    \(name)page \(part.firstPage), \(part.bytes) bytes"
        }
        return lines
    }

    static func lines(of segment: SegmentInspection) -> [String] {
        guard segment.state != .preparation else {
            return ["SEGMENT in preparation, \(segment.file)"]
        }
        var lines = ["SEGMENT \(segment.number), \(segment.file), \(segment.state.rawValue)"]
        if let fault = segment.fault { lines.append("  DAMAGED: \(fault)") }
        guard !segment.headers.isEmpty else { return lines }
        lines.append(
            "  \(segment.fileBytes) bytes; headers: \(segment.headers.joined(separator: ", "));"
                + " idle slots: \(segment.slots.map(slot).joined(separator: ", "))")
        lines += segment.frames.flatMap { Self.lines(of: $0) }
        if segment.unlistedFrameCount > 0 {
            lines.append("  … and \(segment.unlistedFrameCount) more frames")
        }
        lines.append(
            "  \(segment.linkedFrameCount) linked frames with \(segment.eventCount) events;"
                + " other blocks: \(segment.zeroBlockCount) zero, \(segment.staleBlockCount) stale,"
                + " \(segment.otherBlockCount) neither")
        return lines
    }

    private static func slot(_ slot: SegmentInspection.Slot?) -> String {
        slot.map { "group \($0.group) position \($0.position)" } ?? "none"
    }

    // MARK: Frames

    private static func lines(of frame: FrameInspection) -> [String] {
        var line = "  @\(frame.offset)  \(verdict(frame.verdict))"
        if let kind = frame.kind, let group = frame.group, let position = frame.firstPosition,
            let events = frame.eventCount, let payloadBytes = frame.payloadBytes,
            let frameBytes = frame.frameBytes, let instant = frame.commitInstant
        {
            line += "  \(kind) \(group)  positions \(position)..<\(position + UInt64(events))"
            line += "  \(payloadBytes) bytes in \(frameBytes)"
            line += instant == 0 ? "" : "  \(EventView.time(instant))"
        }
        var lines = [line]
        if let fault = frame.fault { lines.append("      DAMAGED: \(fault)") }
        lines += frame.batches.flatMap { Self.lines(of: $0) }
        return lines + hexLines(frame.hex ?? "")
    }

    private static func verdict(_ verdict: FrameInspection.Verdict) -> String {
        switch verdict {
        case .linked: "linked"
        case .notLinked: "NOT LINKED"
        case .misplaced: "MISPLACED"
        case .tornPayload: "TORN PAYLOAD"
        case .tornHeader: "TORN HEADER"
        case .unknown: "UNKNOWN"
        }
    }

    private static func lines(of batch: BatchInspection) -> [String] {
        if let loss = batch.loss {
            return [
                "      loss: up to group \(loss.lastGroup), position \(loss.nextPosition); goes on"
                    + " in segment \(loss.segment) at byte \(loss.fileOffset)"
            ]
        }
        if let removal = batch.removal {
            let stream = TerminalText.preview(Array(removal.stream.utf8))
            return ["    - \(stream)  \(removal.kind): up to version \(removal.through)"]
        }
        return batch.sections.enumerated().map { index, section in
            let last = section.firstVersion + UInt64(max(1, section.eventCount)) - 1
            let versions =
                section.eventCount == 1
                ? "\(section.firstVersion)" : "\(section.firstVersion)-\(last)"
            let more = section.types.count == BatchInspection.Section.typesMax ? ", …" : ""
            let isSnapshots = section.stream.utf8.first == 0
            let id = isSnapshots ? section.stream.dropFirst() : section.stream[...]
            let stream =
                (isSnapshots ? "snapshots of " : "") + TerminalText.preview(Array(id.utf8))
            return (index == 0 ? "    - " : "      ") + stream
                + "  version \(versions)  \(section.types.joined(separator: ", "))\(more)"
        }
    }

    private static func hexLines(_ hex: String) -> [String] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2 * hexBytesPerLine).map { start in
            let row = digits[start..<min(start + 2 * hexBytesPerLine, digits.count)]
            let offset = String(start / 2, radix: 16)
            return "      " + String(repeating: "0", count: max(0, 4 - offset.count)) + offset
                + "  " + String(decoding: row, as: UTF8.self)
        }
    }
}
