import EmakiPlatform

/// Open runs in the file of a projection.
///
///     run      flags (varint) · id bytes (1) · run id bytes (1) · id · run id
///              started (varint, zigzag) · updated (varint: since it started) · events (varint)
///              type (varint), and what the flags say, each a varint, in their order:
///              1 deadline · 2 earliest start · 4 steps · 8 children · 16 messages · 32 unseen
///              64 stuck · 128 pause · 256 in doubt (nothing follows)
///              512 timers: how many, and of each its id and instant
///              1024 the run has not begun: so many of its events were copied ahead
///              2048 labels: how many (1; 255: too many to be here), and each (4)
extension Projection {
    private struct Flags: OptionSet {
        let rawValue: UInt64
        static let deadline = Flags(rawValue: 1)
        static let startsAt = Flags(rawValue: 2)
        static let steps = Flags(rawValue: 4)
        static let children = Flags(rawValue: 8)
        static let messages = Flags(rawValue: 16)
        static let unseen = Flags(rawValue: 32)
        static let stuck = Flags(rawValue: 64)
        static let pause = Flags(rawValue: 128)
        static let isInDoubt = Flags(rawValue: 256)
        static let timers = Flags(rawValue: 512)
        static let unbegun = Flags(rawValue: 1_024)
        static let labels = Flags(rawValue: 2_048)
        static let all = Flags(rawValue: 4_095)
    }

    /// - Returns: the contents of pieces.
    func encodeRuns(ofChunk index: Int) -> [[UInt8]] {
        let start = [ProjectionFile.Kind.runs.rawValue]
        var pieces: [[UInt8]] = []
        var content = start
        let chunk = runs.chunks[index]
        for slot in chunk.names.indices where chunk.names[slot].idBytes > 0 {
            let name = chunk.names[slot]
            let (id, runID) = chunk.range(name)
            let run = chunk.runs[slot]
            var timers = moreTimers[index * OpenRunTable.chunkRuns + slot] ?? [:]
            if run.timerID > 0 { timers[run.timerID] = run.timerAt }
            var (flags, numbers) = Self.optional(run)
            if timers.count > ProjectionFile.timersMax {
                timers = [:]
                flags.insert(.isInDoubt)
            }
            if !timers.isEmpty { flags.insert(.timers) }
            let ahead = unbegun[index * OpenRunTable.chunkRuns + slot]
            if ahead != nil { flags.insert(.unbegun) }
            if name.labelCount > 0 { flags.insert(.labels) }
            content.append(varint: flags.rawValue)
            content.append(name.idBytes)
            content.append(name.runBytes)
            content += chunk.bytes[id.lowerBound..<runID.upperBound]
            content.append(zigzag: run.startedAt)
            let (age, isOver) = run.updatedAt.subtractingReportingOverflow(run.startedAt)
            content.append(varint: isOver ? 0 : UInt64(max(0, age)))
            content.append(varint: UInt64(run.eventCount))
            content.append(varint: UInt64(run.type))
            for number in numbers { content.append(varint: number) }
            if !timers.isEmpty { content.append(varint: UInt64(timers.count)) }
            for (id, fireAt) in timers {
                content.append(varint: UInt64(id))
                content.append(varint: UInt64(max(0, fireAt)))
            }
            if let ahead { content.append(varint: UInt64(ahead)) }
            if name.labelCount > 0 {
                content.append(name.labelCount)
                content += chunk.bytes[chunk.labels(name)]
            }
            guard content.count >= ProjectionFile.pieceBytes else { continue }
            pieces.append(content)
            content = start
        }
        if content.count > start.count { pieces.append(content) }
        return pieces
    }

    private static func optional(_ run: OpenRun) -> (Flags, [UInt64]) {
        var flags: Flags = run.isInDoubt ? .isInDoubt : []
        var numbers: [UInt64] = []
        func add(_ flag: Flags, _ number: UInt64) {
            guard number > 0 else { return }
            flags.insert(flag)
            numbers.append(number)
        }
        add(.deadline, run.deadline == .max ? 0 : UInt64(max(1, run.deadline)))
        add(.startsAt, UInt64(max(0, run.startsAt)))
        add(.steps, UInt64(run.steps))
        add(.children, UInt64(run.children))
        add(.messages, UInt64(run.messages))
        add(.unseen, UInt64(run.unseen))
        add(.stuck, UInt64(run.stuck))
        add(.pause, UInt64(run.pause.rawValue))
        return (flags, numbers)
    }

    mutating func decodeRuns(_ fields: inout PieceReader) throws {
        while !fields.isAtEnd { try decodeRun(&fields) }
    }

    private mutating func decodeRun(_ fields: inout PieceReader) throws {
        let flags = Flags(rawValue: try fields.varint())
        guard flags.isSubset(of: .all) else { throw ProjectionDecoder.Damage("flags of a run") }
        let idBytes = Int(try fields.byte())
        let runBytes = Int(try fields.byte())
        let id = try fields.bytes(idBytes)
        let runID = try fields.bytes(runBytes)
        var run = OpenRun()
        run.startedAt = try fields.zigzag()
        let (updatedAt, isOver) = run.startedAt.addingReportingOverflow(
            Int64(clamping: try fields.varint()))
        run.updatedAt = isOver ? .max : updatedAt
        run.eventCount = try fields.varint32()
        run.type = try fields.varint32()
        guard run.type < types.count else { throw ProjectionDecoder.Damage("the type of a run") }
        if flags.contains(.deadline) { run.deadline = Int64(clamping: try fields.varint()) }
        if flags.contains(.startsAt) { run.startsAt = Int64(clamping: try fields.varint()) }
        if flags.contains(.steps) { run.steps = try fields.varint32() }
        if flags.contains(.children) { run.children = try fields.varint32() }
        if flags.contains(.messages) { run.messages = try fields.varint32() }
        if flags.contains(.unseen) { run.unseen = try fields.varint32() }
        if flags.contains(.stuck) { run.stuck = UInt16(clamping: try fields.varint()) }
        if flags.contains(.pause) {
            let pause = UInt8(exactly: try fields.varint()).flatMap(OpenRun.Pause.init(rawValue:))
            guard let pause else { throw ProjectionDecoder.Damage("a reason to pause") }
            run.pause = pause
        }
        run.isInDoubt = flags.contains(.isInDoubt)
        var timers: [UInt32: Int64] = [:]
        if flags.contains(.timers) { timers = try Self.timers(&fields) }
        if let first = timers.first {
            run.timerID = first.key
            run.timerAt = first.value
            timers[first.key] = nil
        }
        let ahead = flags.contains(.unbegun) ? try fields.varint32() : nil
        let labels = flags.contains(.labels) ? try fields.labels() : []
        let number = fields.withBytes(id) { id in
            fields.withBytes(runID) { runs.insert(id, $0, run, labels: labels) }
        }
        guard let number else { throw ProjectionDecoder.Damage("the name of a run") }
        if !timers.isEmpty { moreTimers[number] = timers }
        if let ahead { unbegun[number] = ahead }
    }

    private static func timers(_ fields: inout PieceReader) throws -> [UInt32: Int64] {
        // Each takes two bytes at least.
        let count = try fields.count()
        var timers: [UInt32: Int64] = [:]
        for _ in 0..<count {
            let id = try fields.varint32()
            guard timers.updateValue(Int64(clamping: try fields.varint()), forKey: id) == nil
            else { throw ProjectionDecoder.Damage("a timer is there twice") }
        }
        return timers
    }
}
