/// A schedule as it is created and updated.
public struct Schedule: Sendable, Equatable, Codable {
    /// When.
    public var spec: ScheduleSpec
    /// What.
    public var action: ScheduleAction
    /// What happens when the run before has not ended.
    public var overlap: ScheduleOverlap
    /// What becomes of starts that were missed.
    public var catchUp: ScheduleCatchUp
    /// For people.
    public var note: String

    /// A schedule.
    public init(
        _ spec: ScheduleSpec, action: ScheduleAction, overlap: ScheduleOverlap = .skip,
        catchUp: ScheduleCatchUp = .last, note: String = ""
    ) {
        self.spec = spec
        self.action = action
        self.overlap = overlap
        self.catchUp = catchUp
        self.note = note
    }

    private enum CodingKeys: String, CodingKey { case spec, action, overlap, catchUp, note }

    /// Whoever writes it by hand gives what is not the usual.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        spec = try values.decode(ScheduleSpec.self, forKey: .spec)
        action = try values.decode(ScheduleAction.self, forKey: .action)
        overlap = try values.decodeIfPresent(ScheduleOverlap.self, forKey: .overlap) ?? .skip
        catchUp = try values.decodeIfPresent(ScheduleCatchUp.self, forKey: .catchUp) ?? .last
        note = try values.decodeIfPresent(String.self, forKey: .note) ?? ""
    }

    /// - Throws: `ScheduleError` that names what makes no sense.
    public func check() throws(ScheduleError) {
        _ = try NominalTimes(spec)
        try action.check()
        if case .within(let seconds) = catchUp, seconds < 0 {
            throw .invalid(field: "catchUp", "\(seconds) seconds are below 0")
        }
        guard note.utf8.count <= Self.noteBytesMax else {
            throw .invalid(field: "note", "more than \(Self.noteBytesMax) bytes")
        }
    }

    static let noteBytesMax = 1_024
}

/// What happens at a nominal time when a run that the schedule started has not ended.
public enum ScheduleOverlap: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing: the time is left out.
    case skip
    /// The new one starts when the others have ended. If one waits for that already, the time is
    /// left out.
    case bufferOne
    /// It starts all the same.
    case allow
    /// The others are asked to stop, and it starts when they have. If one waits for that already,
    /// that one is left out.
    case cancel
    /// The others are ended at once, and it starts when that is so.
    case terminate
}
