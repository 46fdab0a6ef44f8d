import EmakiLog
import Testing

@testable import EmakiCommand
@testable import EmakiCommandSupport

@Suite("exit status and error codes")
struct CommandStatusTests {
    private static let corruption = Corruption(
        file: "f", fileOffset: 0, reason: .badFrame, evidence: "e")

    private static let expected: [(LogError, CommandStatus, String)] = [
        (.versionConflict(stream: "s", actual: 1), .refused, "versionConflict"),
        (.idReused(stream: "s", version: 1), .refused, "idReused"),
        (.streamDeleted(stream: "s", version: 1), .refused, "streamDeleted"),
        (.wouldWait(.segment), .internalError, "wouldWait"),
        (.needsLookup(stream: "s"), .internalError, "needsLookup"),
        (.wouldDeadlock, .internalError, "wouldDeadlock"),
        (.tooManyFollowers(limit: 1), .internalError, "tooManyFollowers"),
        (.outcomeUnknown, .disk, "outcomeUnknown"),
        (.poisoned, .disk, "poisoned"),
        (.closed, .internalError, "closed"),
        (.tooLarge(.batchBytes, limit: 1, value: 2), .usage, "tooLarge"),
        (.invalid(.emptyType), .usage, "invalid"),
        (.readOnly, .disk, "readOnly"),
        (.noSpace, .disk, "noSpace"),
        (.locked(path: "p", by: 1), .locked, "locked"),
        (.notAStore(path: "p", reason: "r"), .noStore, "notAStore"),
        (.alreadyExists(path: "p"), .noStore, "alreadyExists"),
        (.noPermission(path: "p"), .disk, "noPermission"),
        (.unsupportedFormat(file: "f", version: 2), .corrupt, "unsupportedFormat"),
        (.disk(file: "f", operation: "read", code: 5), .disk, "disk"),
        (.corrupt(corruption), .corrupt, "corrupt"),
        (.lost(stream: "s", version: 1), .corrupt, "lost"),
    ]

    @Test("each error of the log ends the command with its status and has a code")
    func mapping() {
        for (error, status, code) in Self.expected {
            let failure = CommandFailure(error)
            #expect(failure.status == status, "\(error)")
            #expect(failure.code == code)
            // This one is worded for a library, where a caller opens for reading.
            guard error != .readOnly else { continue }
            #expect(failure.message == error.description)
        }
        #expect(Set(Self.expected.map(\.2)).count == Self.expected.count)
    }

    @Test("the help lists every status")
    func table() throws {
        let help = try Command.run("--help").output
        for status in CommandStatus.allCases {
            #expect(help.contains("\(status.rawValue)  \(status.meaning)"), "\(status)")
        }
    }

    @Test(
        "expectations are read as the help says",
        arguments: zip(
            ["any", "none", "0", "7", "-1", "x", ""],
            [
                ExpectedVersion.anything, .noStream, .version(0), .version(7), nil, nil, nil,
            ]))
    func expectations(text: String, expected: ExpectedVersion?) {
        #expect(ExpectationText.parse(text) == expected)
    }
}
