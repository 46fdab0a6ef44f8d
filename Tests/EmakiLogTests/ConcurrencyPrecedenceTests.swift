import EmakiPlatform
import Testing

@testable import EmakiLog

/// Who runs first on the loop when a round of gathering is cut short.
@Suite struct ConcurrencyPrecedenceTests {
    /// Written by jobs of one loop only.
    private final class Trace: @unchecked Sendable {
        var names: [String] = []
    }

    @Test("a waiter that a commit resumed runs before the jobs that were left over")
    func resumedFirst() async throws {
        let store = try ShellStore()
        // So short that each round runs the least number of jobs.
        let log = try store.open { $0.gatherLimit = .nanoseconds(1) }
        let gate = Gate()
        let trace = Trace()
        let spinner = log.loop.occupy(until: gate)
        await gate.reached()
        let appender = Task(executorPreference: log.loop) {
            let answer = await outcome { () async throws(LogError) in
                try await log.append(event(0), to: "a")
            }
            trace.names.append("appended")
            return answer.error
        }
        let others = (0..<100).map { number in
            Task(executorPreference: log.loop) { trace.names.append("\(number)") }
        }
        gate.open()
        await spinner.value
        #expect(await appender.value == nil)
        for other in others { await other.value }
        let place = try #require(trace.names.firstIndex(of: "appended"))
        #expect(place < 20, "\(place) of 100 jobs ran first")
        await log.close()
    }

    @Test("tasks that only yield get on, however many appends are resumed before them")
    func othersGetOn() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .nanoseconds(1) }
        let gate = Gate()
        await withTaskGroup(of: LogError?.self) { group in
            for stream in 0..<64 {
                group.addTask(executorPreference: log.loop) {
                    var number = 0
                    while !gate.isOpen {
                        let answer = await outcome { () async throws(LogError) in
                            try await log.append(
                                event(number), to: StreamID(stringLiteral: "s\(stream)"))
                        }
                        if let error = answer.error { return error }
                        number += 1
                    }
                    return nil
                }
            }
            group.addTask(executorPreference: log.loop) {
                for _ in 0..<200 { await Task.yield() }
                gate.open()
                return nil
            }
            for await error in group { #expect(error == nil) }
        }
        await log.close()
    }
}
