import EmakiLog
import Foundation
import Testing

@Suite struct EventLogTests {
    @Test("a store is made, written, read, closed and opened again") func roundTrip() async throws {
        let path = NSTemporaryDirectory() + "emaki-smoke-\(UUID().uuidString)"
        defer { do { try FileManager.default.removeItem(atPath: path) } catch {} }
        let log = try await EventLog.open(at: path, .creating())
        for i in 0..<50 {
            let r = try await log.append(
                Event(type: "A", text: "event \(i)", id: EventID(low: UInt64(i), high: 1)), to: "s",
                expecting: .version(StreamVersion(UInt64(i))))
            #expect(r.version.rawValue == UInt64(i + 1))
        }
        let again = try await log.append(
            Event(type: "A", text: "event 7", id: EventID(low: 7, high: 1)), to: "s",
            expecting: .version(7))
        #expect(again.wasStoredBefore)
        #expect(again.positions == Position(7)..<Position(8))
        #expect(try log.events(in: "s").count == 50)
        for i in 0..<20 { try log.blocking.append(Event(type: "B", text: "\(i)"), to: "t") }
        await log.close()
        let reopened = try await EventLog.open(at: path)
        #expect(try reopened.events(in: "s").map { $0.withPayload { $0.byteCount } }.count == 50)
        #expect(
            try reopened.events(in: "t", direction: .backwards).first?.payload == Array("19".utf8))
        #expect(reopened.receipt.wasClosed)
        await reopened.close()
    }
}
