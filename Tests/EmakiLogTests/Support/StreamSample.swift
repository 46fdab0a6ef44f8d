@testable import EmakiLog

/// What tests of removals and snapshots append.
enum StreamSample {
    static func event(_ number: Int) -> EmakiLog.Event {
        Event(
            type: "T", payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 2_000),
            id: EventID(low: UInt64(number), high: 9))
    }

    /// Nothing happens by itself, and hardly a head is in memory.
    static func tune(_ configuration: inout Configuration) {
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        configuration.cachedHeadsMax = 2
    }

    static func append(_ count: Int, to stream: StreamID, _ log: EventLog) async throws {
        for number in 0..<count { try await log.append(event(number), to: stream) }
    }
}

extension LogCore {
    /// The versions that a reader of a stream is handed, oldest first; 0 for a lost one.
    func versions(of stream: StreamID) throws -> [UInt64] {
        var versions: [UInt64] = []
        try visit(stream, from: nil, backwards: false) { version, event in
            versions.append(event == nil ? 0 : version.rawValue)
            return true
        }
        return versions
    }
}
