import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

/// What the simulation holds a log to must notice a log that is wrong: each test gives it one.
@Suite struct OracleTests {
    private static func promise(_ body: () throws(Violation) -> Void) -> Promise? {
        do throws(Violation) {
            try body()
            return nil
        } catch {
            return error.promise
        }
    }

    private static func driver(_ lines: String...) throws -> Driver {
        let driver = try Driver(try Script(lines.joined(separator: "\n")))
        try driver.runSteps()
        return driver
    }

    private static func event(_ number: UInt8) -> Event { Event(type: "T", payload: [number]) }

    private static func reference(_ numbers: UInt8...) -> ReferenceLog {
        var log = ReferenceLog()
        for number in numbers { log.stage([StreamAppend(to: "a", [event(number)])]) }
        log.beginGroup()
        log.finishGroup()
        return log
    }

    /// A log that holds these events in stream a.
    private static func core(_ numbers: UInt8...) throws -> LogCore {
        let driver = try driver("read")
        let core = try #require(driver.core)
        for number in numbers {
            _ = try core.offer([StreamAppend(to: "a", [event(number)])])
        }
        let write = core.beginGroup(at: 1)
        try write.perform()
        core.finish(write)
        return core
    }

    @Test("what was lost with the page cache right after an opening breaks D9")
    func notOnDevice() throws {
        let driver = try Self.driver("append a 1x10")
        #expect(Self.promise { () throws(Violation) in try driver.checkIsOnDevice() } == nil)
        driver.disk.faults = FaultPlan([Fault(.lie, at: .rate(1), of: [.writeDurably])])
        let parts = driver.materialize(BatchShape([.init("a", 1, payloadBytes: 10)]))
        try driver.offer(parts)
        try driver.settleWrites()
        #expect(
            Self.promise { () throws(Violation) in try driver.checkIsOnDevice() }
                == .onlyReadIsPromised)
        driver.core?.closeFiles()
    }

    @Test("a loss in an opening that could not read is one of D14")
    func readError() {
        #expect(Violation(.acknowledgedSurvives, "").afterReadError.promise == .readErrorIsNoEnd)
        #expect(Violation(.orderAndDensity, "").afterReadError.promise == .orderAndDensity)
    }

    @Test("an event of an earlier life breaks D15, and any other false event D1")
    func earlierLife() throws {
        let core = try Self.core(1, 2)
        defer { core.closeFiles() }
        #expect(
            Self.promise { () throws(Violation) in try Self.reference(1, 2).check(core) } == nil)
        var log = Self.reference(1, 9)
        #expect(
            Self.promise { () throws(Violation) in try log.check(core) } == .acknowledgedSurvives)
        log.former = [.init(stream: "a", version: 2, event: Self.event(2))]
        #expect(
            Self.promise { () throws(Violation) in try log.check(core) }
                == .earlierLivesStayHidden)
        // Nothing at its end was staged, and an earlier event is there.
        var shorter = Self.reference(1)
        shorter.former = log.former
        #expect(
            Self.promise { () throws(Violation) in try shorter.recover(core) }
                == .earlierLivesStayHidden)
    }

    @Test("one piece of what is stored twice must be withstood, and nothing more")
    func oneCopy() throws {
        let store = try SweepStore(.killed, blockBytes: 512)
        let group = try #require(store.groups.first).place
        #expect(store.isOneCopy("MANIFEST", [0..<4096]))
        #expect(store.isOneCopy(group.path, [0..<512]))
        #expect(!store.isOneCopy("STORE", [0..<8192]))
        #expect(!store.isOneCopy("STORE", [0..<512, 4096..<4608]))
        #expect(!store.isOneCopy("STORE", nil))
        #expect(!store.isOneCopy(group.path, [group.range.lowerBound..<group.range.lowerBound + 1]))
    }

    @Test("a copy of MANIFEST that is bad after a stop breaks D18, and so do two")
    func halfReplaced() throws {
        for bytes in [0..<512, 0..<8192] {
            let driver = try Driver(try Script("read"))
            try driver.disk.damage("MANIFEST", .zero(bytes))
            #expect(
                Self.promise { () throws(Violation) in _ = try driver.isOpen() } == .replacedAtOnce)
            driver.core?.closeFiles()
        }
    }

    @Test("an opening for reading that shows something else than recovery finds breaks D20")
    func otherwiseForReading() throws {
        let driver = try Self.driver("append a 1x10")
        let core = try #require(driver.core)
        defer { core.closeFiles() }
        #expect(
            Self.promise { () throws(Violation) in try driver.check(core, against: 0..<1) } == nil)
        for found in [0..<0, 0..<2, nil] as [Range<UInt64>?] {
            #expect(
                Self.promise { () throws(Violation) in try driver.check(core, against: found) }
                    == .readingChangesNothing)
        }
        #expect(try driver.look() == 0..<1)
    }

    @Test("an event that a repair changed, moved or invented breaks D21")
    func repaired() throws {
        let core = try Self.core(1, 2)
        defer { core.closeFiles() }
        let logs = [
            Self.reference(1, 2), Self.reference(1, 2, 3), Self.reference(1),
            Self.reference(1, 7), Self.reference(2, 1),
        ]
        let promises = logs.map { log in
            Self.promise { () throws(Violation) in try log.checkRepaired(core) }
        }
        let broken = Promise.repairRenumbersNothing
        #expect(promises == [nil, nil, broken, broken, broken])
    }

    @Test("a refusal without a limit that is exceeded breaks D24")
    func limits() {
        func promise(_ error: LogError) -> Promise? {
            Self.promise { () throws(Violation) in try ReferenceLog().checkLimit(error) }
        }
        #expect(promise(.tooLarge(.batchBytes, limit: 10, value: 11)) == nil)
        #expect(promise(.invalid(.emptyBatch)) == nil)
        #expect(promise(.tooLarge(.batchBytes, limit: 10, value: 10)) == .limitsAreNamed)
        #expect(promise(.closed) == .limitsAreNamed)
    }
}
