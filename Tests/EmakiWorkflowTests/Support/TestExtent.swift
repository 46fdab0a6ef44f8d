import Foundation

/// How much of the long surveys a test does: all of it with `LONG=1` in the environment.
enum TestExtent {
    static let isLong = ProcessInfo.processInfo.environment["LONG"] == "1"

    /// A quarter of so many seeds, or five times as many.
    static func seeds(_ count: UInt64) -> ClosedRange<UInt64> {
        1...(isLong ? 5 * count : max(2, count / 4))
    }
}
