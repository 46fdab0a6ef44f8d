import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

/// Opening as a program does it, lock and all, while one call to the disk fails.
@Suite struct OpenFailureTests {
    private static let options = Configuration.creating(StoreOptions(segmentBytes: 128 << 10))

    /// A disk with a closed log of one event.
    private static func disk() async throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        let log = try open(disk)
        _ = try await log.append(Event(type: "T", payload: [7]), to: "a")
        await log.close()
        return disk
    }

    private static func open(_ disk: SimulatedFileSystem) throws(LogError) -> EventLog {
        try EventLog.open(in: disk, options, entropy: ScriptEntropy(seed: 1))
    }

    @Test(
        "a lock that cannot be taken stops an opening before anything is read or written",
        arguments: [
            SystemCode.inputOutput, SystemCode.noSpace, SystemCode.interrupted,
            SystemCode.wouldBlock,
        ])
    func lockFails(code: Int32) async throws {
        let disk = try await Self.disk()
        let before = disk.contents()
        let callCount = disk.callCount
        disk.faults = FaultPlan([Fault(.fail(code), at: .call(1), of: [.lock])])
        let error = #expect(throws: LogError.self) { try Self.open(disk) }
        switch code {
        case SystemCode.noSpace: #expect(error == .noSpace)
        case SystemCode.wouldBlock: #expect(error == .locked(path: "", by: nil))
        default: #expect(error == .disk(file: "LOCK", operation: "lock", code: code))
        }
        #expect(disk.callCount == callCount + 1)
        #expect(disk.contents() == before)
        let log = try Self.open(disk)
        #expect(log.durablePosition.rawValue == 1)
        await log.close()
    }

    @Test("an opening of which any call fails gives the lock back, and the next one opens")
    func lockIsGivenBack() async throws {
        let disk = try await Self.disk()
        var refusedCount = 0
        for number in 1... {
            let tried = disk.clone()
            tried.faults = FaultPlan([
                Fault(.fail(SystemCode.noPermission), at: .call(number), of: Set(DoorCall.allCases))
            ])
            do throws(LogError) {
                await (try Self.open(tried)).close()
            } catch {
                refusedCount += 1
                #expect(error != .locked(path: "", by: nil))
            }
            guard tried.faults.strikeCount > 0 else { break }
            tried.faults = FaultPlan()
            let log = try Self.open(tried)
            #expect(log.durablePosition.rawValue == 1, "call \(number)")
            await log.close()
        }
        #expect(refusedCount > 20)
    }
}
