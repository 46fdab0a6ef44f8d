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

    /// Appends of rivals, before and while somebody waits. For jobs of one loop only.
    private final class Race: @unchecked Sendable {
        var appendCount = 0
        var contender: Task<LogError?, Never>?
        var isOver = false
        var overtakings = 0
        static let overtakingsMax = 1_000

        var goesOn: Bool { !isOver && overtakings < Self.overtakingsMax }
    }

    /// One segment takes all appends of a race: waiting for the next would let anybody run.
    private static func wideStore() throws -> ShellStore {
        try ShellStore(StoreOptions(segmentBytes: 16 << 20))
    }

    /// Lets rivals append without a pause; once they do, one of them starts `body` on the loop. No
    /// other thread is needed for that, which could be late while the rivals fill the disk.
    /// - Returns: how many appends of the rivals were done before `body` was.
    private func appendsBefore(
        rivals: Int, bytes: Int, _ log: EventLog, _ body: @escaping @Sendable () async -> LogError?
    ) async -> Int {
        let race = Race()
        let tasks = (0..<rivals).map { stream in
            Task(executorPreference: log.loop) { () -> LogError? in
                while race.goesOn {
                    let answer = await outcome { () async throws(LogError) in
                        try await log.append(
                            event(0, bytes: bytes), to: StreamID(stringLiteral: "s\(stream)"))
                    }
                    if let error = answer.error { return error }
                    race.appendCount += 1
                    if race.contender != nil { race.overtakings += 1 }
                    guard race.appendCount == 20 * rivals else { continue }
                    race.contender = Task(executorPreference: log.loop) {
                        let error = await body()
                        race.isOver = true
                        return error
                    }
                }
                return nil
            }
        }
        for task in tasks { #expect(await task.value == nil) }
        #expect(race.contender != nil)
        #expect(await race.contender?.value == nil)
        return race.overtakings
    }

    @Test(
        "a batch that fills a group gets in among appends that never pause",
        arguments: [(1, 100), (2, 8_000), (3, 8_000)])
    func largeGetsIn(_ rivals: Int, _ bytes: Int) async throws {
        let store = try Self.wideStore()
        let log = try store.open { $0.groupBytesMax = 4096 }
        let count = await appendsBefore(rivals: rivals, bytes: bytes, log) {
            await outcome { () async throws(LogError) in
                try await log.append(event(0, bytes: 8_000), to: "large")
            }.error
        }
        #expect(count < 50, "\(count) appends overtook it")
        await log.close()
    }

    @Test("a task that only yields gets on while every group is full", arguments: [2, 3])
    func othersGetOnBesideFullGroups(_ rivals: Int) async throws {
        let store = try Self.wideStore()
        let log = try store.open { $0.groupBytesMax = 4096 }
        let count = await appendsBefore(rivals: rivals, bytes: 3_000, log) {
            for _ in 0..<20 { await Task.yield() }
            return nil
        }
        #expect(count < 500, "\(count) appends came before 20 turns of its")
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
