import Foundation

@testable import EmakiSimulation

/// How much the tests of what is only repeated try: by default what a build without optimization
/// does in seconds, with `LONG=1` in the environment all of it. What `swift test` leaves out by
/// this `.ci/run` does with an optimized build, see `Docs/testing.md`.
enum TestExtent {
    static let isLong = ProcessInfo.processInfo.environment["LONG"] == "1"

    static var failures: CallFailures.Extent { isLong ? .bounded : .sampled }

    /// Every so many of a long row.
    static func every(_ count: Int) -> Int { isLong ? 1 : count }
}
