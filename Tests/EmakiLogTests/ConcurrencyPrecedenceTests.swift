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

    @Test(
        "a batch that fills a group gets in among appends that never pause", arguments: [1, 2, 3])
    func largeGetsIn(_ rivals: Int) async throws {
        let store = try ShellStore()
        let log = try store.open { $0.groupBytesMax = 4096 }
        let gate = Gate()
        await withTaskGroup(of: (Int, LogError?).self) { group in
            for stream in 0..<rivals {
                group.addTask(executorPreference: log.loop) {
                    var number = 0
                    while !gate.isOpen, number < 2_000 {
                        // One small rival; more of them are as large as the one that waits.
                        let answer = await outcome { () async throws(LogError) in
                            try await log.append(
                                event(number, bytes: rivals == 1 ? 100 : 8_000),
                                to: StreamID(stringLiteral: "s\(stream)"))
                        }
                        if let error = answer.error { return (number, error) }
                        number += 1
                    }
                    return (number, nil)
                }
            }
            group.addTask(executorPreference: log.loop) {
                for _ in 0..<20 { await Task.yield() }
                let answer = await outcome { () async throws(LogError) in
                    try await log.append(event(0, bytes: 8_000), to: "large")
                }
                gate.open()
                return (0, answer.error)
            }
            for await (number, error) in group {
                #expect(error == nil)
                #expect(number < 100, "\(number) appends overtook it")
            }
        }
        await log.close()
    }

    @Test("a task that only yields gets on while every group is full")
    func othersGetOnBesideFullGroups() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.groupBytesMax = 4096 }
        let gate = Gate()
        await withTaskGroup(of: Int.self) { group in
            for stream in 0..<2 {
                group.addTask(executorPreference: log.loop) {
                    var number = 0
                    while !gate.isOpen, number < 2_000 {
                        let answer = await outcome { () async throws(LogError) in
                            try await log.append(
                                event(number, bytes: 3_000),
                                to: StreamID(stringLiteral: "s\(stream)"))
                        }
                        #expect(answer.error == nil)
                        number += 1
                    }
                    return number
                }
            }
            group.addTask(executorPreference: log.loop) {
                for _ in 0..<20 { await Task.yield() }
                gate.open()
                return 0
            }
            for await number in group { #expect(number < 2_000, "it waited to the end") }
        }
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
