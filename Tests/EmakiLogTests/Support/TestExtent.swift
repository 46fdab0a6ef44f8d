import Foundation

/// How much the tests of what is only repeated try: by default every few of a long row, with
/// `LONG=1` in the environment all of it. See `Docs/testing.md`.
enum TestExtent {
    static let isLong = ProcessInfo.processInfo.environment["LONG"] == "1"

    /// Every so many of a long row.
    static func every(_ count: Int) -> Int { isLong ? 1 : count }
}
