import ArgumentParser
import EmakiCommandSupport
import EmakiSchedules
import EmakiWorkflow
import Foundation

/// Schedules in lines for people, and what people write of them.
enum ScheduleText {
    /// Says what is wrong with a schedule as what is wrong with a command line.
    static func checking(_ body: () throws(ScheduleError) -> Void) throws(CommandFailure) {
        do throws(ScheduleError) {
            try body()
        } catch {
            throw refusal(error)
        }
    }

    static func refusal(_ error: ScheduleError) -> CommandFailure {
        .usage("this makes no schedule: \(error)")
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    // MARK: Lines

    /// Of `list`: name, state, next time, times, and what is started.
    static func row(_ description: ScheduleDescription) -> [String] {
        [
            description.name, description.isPaused ? "paused" : "open",
            description.upcoming.first.map(InstantText.text) ?? "-",
            times(of: description.schedule.spec), description.schedule.action.workflowType,
        ]
    }

    /// Columns under their names.
    static func table(_ rows: [[String]]) -> [String] {
        let heads = ["NAME", "STATE", "NEXT", "TIMES", "STARTS"]
        let all = [heads] + rows
        let widths = heads.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).enumerated().map { index, cell in
                index == heads.count - 1
                    ? cell.0 : cell.0.padding(toLength: cell.1, withPad: " ", startingAt: 0)
            }
            .joined(separator: "  ")
        }
    }

    /// Of `describe`.
    static func lines(of description: ScheduleDescription) -> [String] {
        let schedule = description.schedule
        var lines: [String] = []
        func add(_ label: String, _ texts: [String]) {
            for (index, text) in texts.enumerated() {
                let label = index == 0 ? label : ""
                lines.append(label.padding(toLength: 12, withPad: " ", startingAt: 0) + text)
            }
        }
        let why = description.pauseNote.isEmpty ? "" : ": \(description.pauseNote)"
        add("schedule", [description.name])
        add("state", [description.isPaused ? "paused\(why)" : "open"])
        add("times", [times(of: schedule.spec)])
        add("limits", limits(of: schedule.spec, description.remainingCount))
        add("starts", [action(schedule.action)])
        add("overlap", [schedule.overlap.rawValue])
        add("catch-up", [catchUp(schedule.catchUp)])
        add("note", schedule.note.isEmpty ? [] : [schedule.note])
        add("problem", description.problem.isEmpty ? [] : [description.problem])
        add("next", description.upcoming.map(InstantText.text))
        add("waits", description.buffered.map { [InstantText.text($0)] } ?? [])
        add("running", description.running.map(run))
        add("recent", description.recent.map(run))
        add("left out", description.skipped.map { "\(InstantText.text($0.nominal))  \($0.reason)" })
        let backfills =
            description.backfillCount > 0 ? ", \(description.backfillCount) backfills to do" : ""
        add(
            "in all",
            [
                "\(description.startedCount) started, \(description.skippedCount) left out"
                    + backfills
            ])
        return lines
    }

    private static func run(_ run: ScheduleDescription.Run) -> String {
        "\(run.workflowID)  started \(InstantText.text(run.startedAt))  \(run.end ?? "open")"
    }

    private static func times(of spec: ScheduleSpec) -> String {
        var parts = spec.cron.map { "cron \($0)" }
        parts += spec.calendars.map { calendar in
            do { return "calendar \(try json(calendar))" } catch { return "calendar" }
        }
        parts += spec.intervals.map { interval in
            let phase = interval.phase > 0 ? ", \(interval.phase) s later" : ""
            return "every \(ScheduleTime.text(interval.seconds))\(phase)"
        }
        let isClock = !spec.cron.isEmpty || !spec.calendars.isEmpty
        return parts.joined(separator: "; ") + (isClock ? " in \(spec.timeZone)" : "")
    }

    private static func limits(of spec: ScheduleSpec, _ remaining: Int?) -> [String] {
        var parts: [String] = []
        if let start = spec.start { parts.append("from \(InstantText.text(start)) on") }
        if let end = spec.end { parts.append("before \(InstantText.text(end))") }
        if let limit = spec.limitedTo {
            parts.append("\(remaining ?? limit) of \(limit) starts left")
        }
        if spec.jitterSeconds > 0 {
            parts.append("late by up to \(ScheduleTime.text(spec.jitterSeconds))")
        }
        return parts.isEmpty ? [] : [parts.joined(separator: ", ")]
    }

    private static func action(_ action: ScheduleAction) -> String {
        guard !action.input.bytes.isEmpty else { return action.workflowType }
        return "\(action.workflowType)  \(TerminalText.preview(action.input.bytes))"
    }

    private static func catchUp(_ catchUp: ScheduleCatchUp) -> String {
        switch catchUp {
        case .last: "last"
        case .within(let seconds): ScheduleTime.text(seconds)
        }
    }
}

/// A length of time as it is written in commands: `90`, `90s`, `5m`, `1h30m`, `1d`, in seconds.
enum ScheduleTime {
    private static let units: [(sign: Character, seconds: Int)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    static func text(_ seconds: Int) -> String {
        var rest = seconds
        var text = ""
        for (sign, unit) in units where rest >= unit {
            text += "\(rest / unit)\(sign)"
            rest %= unit
        }
        return text.isEmpty ? "0s" : text
    }

    /// - Throws: an error that says what it should be.
    static func seconds(_ text: String) throws -> Int {
        guard let seconds = sum(text) else {
            throw ValidationError(
                "“\(text)” is no time: write whole seconds, or numbers with d, h, m, s, as 90, 5m"
                    + " or 1h30m")
        }
        return seconds
    }

    private static func sum(_ text: String) -> Int? {
        if let seconds = Int(text) { return seconds >= 0 ? seconds : nil }
        var sum = 0
        var digits = ""
        for character in text {
            guard let unit = units.first(where: { $0.sign == character })?.seconds else {
                digits.append(character)
                continue
            }
            guard let number = Int(digits), number >= 0 else { return nil }
            let (part, isTooLong) = number.multipliedReportingOverflow(by: unit)
            let (whole, isTooMuch) = sum.addingReportingOverflow(part)
            if isTooLong || isTooMuch { return nil }
            sum = whole
            digits = ""
        }
        return digits.isEmpty && !text.isEmpty ? sum : nil
    }

    /// - Throws: an error that says what it should be.
    static func instant(_ text: String) throws -> Int64 {
        guard let instant = InstantText.instant(text) else {
            throw ValidationError(
                "“\(text)” is no instant: write it in UTC, as 2026-11-28T09:00:00Z, from 1970 to"
                    + " 2115")
        }
        return instant
    }
}
