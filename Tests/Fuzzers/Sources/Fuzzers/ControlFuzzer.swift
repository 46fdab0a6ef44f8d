import EmakiPlatform

@testable import EmakiLog

/// What another process asks an open log.
enum ControlFuzzer: Fuzzer {
    static let name = "control"

    static func seeds() throws -> [[UInt8]] {
        [
            #"{"emaki":1,"verb":"stats"}"#,
            #"{"emaki":1,"verb":"read","stream":"a\u00e9\ud83d\ude00","from":7,"limit":1}"#,
            #"{"emaki":1,"verb":"backup","folder":"/b","link":true,"keep":7,"check":false}"#,
        ].map { Array($0.utf8) }
    }

    static func decode(_ bytes: [UInt8]) throws {
        let request = try ControlRequest(line: bytes)
        for name in ["stream", "folder"] { _ = try? request.text(name) }
        for name in ["from", "limit", "keep"] { _ = try? request.number(name) }
        for name in ["link", "check"] { _ = try? request.claim(name) }
        try request.expectOnly(["stream", "folder", "from", "limit", "keep", "link", "check"])
    }
}
