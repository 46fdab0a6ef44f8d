/// Errors as programs are told of them, by the command and by a log that answers one.
extension LogError {
    /// The name of the case: what `--json` calls the error.
    package var code: String {
        switch self {
        case .versionConflict: "versionConflict"
        case .idReused: "idReused"
        case .streamDeleted: "streamDeleted"
        case .notDeleted: "notDeleted"
        case .wouldWait: "wouldWait"
        case .needsLookup: "needsLookup"
        case .wouldDeadlock: "wouldDeadlock"
        case .tooManyFollowers: "tooManyFollowers"
        case .outcomeUnknown: "outcomeUnknown"
        case .poisoned: "poisoned"
        case .closed: "closed"
        case .tooLarge: "tooLarge"
        case .invalid: "invalid"
        case .readOnly: "readOnly"
        case .noSpace: "noSpace"
        case .locked: "locked"
        case .notAStore: "notAStore"
        case .alreadyExists: "alreadyExists"
        case .clockLeap: "clockLeap"
        case .noPermission: "noPermission"
        case .unsupportedFormat: "unsupportedFormat"
        case .disk: "disk"
        case .corrupt: "corrupt"
        case .beyondRepair: "beyondRepair"
        case .lost: "lost"
        }
    }

    /// What else a program may want to know.
    package var details: [JSONObject.Member] {
        var object = JSONObject()
        switch self {
        case .versionConflict(let stream, let actual):
            object.add("stream", stream.text)
            object.add("actual", actual.rawValue)
        case .idReused(let stream, let version), .streamDeleted(let stream, let version),
            .notDeleted(let stream, let version), .lost(let stream, let version):
            object.add("stream", stream.text)
            object.add("version", version.rawValue)
        case .tooLarge(let name, let limit, let value):
            object.add("name", name.rawValue)
            object.add("limit", limit)
            object.add("value", value)
        case .locked(let path, let holder):
            object.add("path", path)
            if let holder { object.add("process", Int(holder)) }
        case .notAStore(let path, _), .alreadyExists(let path), .noPermission(let path):
            object.add("path", path)
        case .unsupportedFormat(let file, let version):
            object.add("file", file)
            object.add("version", Int(version))
        case .disk(let file, let operation, let code):
            object.add("file", file)
            object.add("operation", operation)
            object.add("systemError", Int(code))
        case .corrupt(let corruption), .beyondRepair(let corruption):
            object.add("file", corruption.file)
            object.add("fileOffset", corruption.fileOffset)
            object.add("reason", corruption.reason.rawValue)
        default: break
        }
        return object.members
    }
}
