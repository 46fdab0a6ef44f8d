import EmakiLog

/// What the command answers to the shell. `emaki --help` lists these; scripts rely on them.
package enum CommandStatus: Int32, CaseIterable, Sendable {
    /// Done.
    case done = 0
    /// `verify`, `scrub` or `backup --check` found damage, `fuzz` a broken promise, or
    /// `workflow check` a run that the code does not follow.
    case damageFound = 1
    /// Part of the input was malformed or refused, and named; the rest is stored.
    case partlyDone = 2
    /// An append was refused: conflict, reused id, deleted stream; or a workflow, or the lack of
    /// one, refused what it was told. Nothing is stored.
    case refused = 3
    /// There is no store in this place, or the place for a new one is taken.
    case noStore = 4
    /// Another process has the store open.
    case locked = 5
    /// The disk is full, refuses access or fails.
    case disk = 6
    /// The store is damaged, or of a format that this version does not know; nothing was done.
    case corrupt = 7
    /// The command line, or a value in it, is wrong. As in <sysexits.h>.
    case usage = 64
    /// A bug in this program.
    case internalError = 70

    package var meaning: String {
        switch self {
        case .done: "done"
        case .damageFound: "damage, a broken promise, or a run that code does not follow was found"
        case .partlyDone: "part of the input was malformed, refused, or is not handled yet"
        case .refused: "refused (version conflict, reused id, deleted stream; workflow closed …)"
        case .noStore: "no store there, or the place for a new one is taken"
        case .locked: "another process has the store open"
        case .disk: "the disk is full, refuses access or fails"
        case .corrupt: "the store is damaged or of an unknown format, and was left as it is"
        case .usage: "wrong usage: an argument, a size, an id"
        case .internalError: "a bug in emaki"
        }
    }

    /// For `emaki --help`.
    package static var table: String {
        allCases.map { status in
            let code = String(status.rawValue)
            return "  " + String(repeating: " ", count: 2 - code.count) + code + "  "
                + status.meaning
        }
        .joined(separator: "\n")
    }

    package init(_ error: LogError) { self.init(code: error.code) }

    /// What an error means that is known by its code only, see `LogError.code`.
    package init(code: String) {
        switch code {
        case "versionConflict", "idReused", "streamDeleted", "notDeleted", "clockLeap",
            "workflowNotFound", "unknownWorkflow", "alreadyRunning", "alreadyUsed",
            "workflowClosed", "refusedByCode", "updateFailed", "ended", "notCurrent", "needsCode",
            "noEngine", "engineClosed", "fenced":
            self = .refused
        case "notAStore", "alreadyExists": self = .noStore
        case "locked": self = .locked
        case "noSpace", "noPermission", "readOnly", "disk", "outcomeUnknown", "poisoned":
            self = .disk
        case "corrupt", "beyondRepair", "unsupportedFormat", "lost": self = .corrupt
        case "tooLarge", "invalid", "usage": self = .usage
        default: self = .internalError
        }
    }
}
