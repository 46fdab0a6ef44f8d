import EmakiWorkflow
import EmakiWorkflowTesting

/// Two parcels, a bad network, and no parcel that is fetched twice.
@main
enum DeliveryStory {
    static func main() async throws {
        for line in try await tell() { print(line) }
    }

    static func tell() async throws -> [String] {
        let couriers = Couriers([
            .lost, .replyLost, .replyLost, .fine,  // the letter
            .lost, .fine, .replyLost, .lost, .fine,  // the anvil
        ])
        let clock = SkippingClock()
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Delivery.self)],
            activities: [BookCourier(couriers: couriers)], options: options)
        let start = clock.now
        var ends: [String] = []
        for parcel in [
            Parcel(name: "a letter", grams: 20), Parcel(name: "an anvil", grams: 70_000),
        ] {
            let booking = try await engine.execute(Delivery.self, id: parcel.name, parcel)
            ends.append("\(parcel.name) goes with \(booking.courier), number \(booking.number)")
        }
        engine.close()
        let seconds = (clock.now - start) / 1_000_000_000
        let count = await couriers.bookingCount
        return await couriers.story + ends + [
            "\(count) bookings, after waiting \(seconds >= 7 ? "some" : "too few") seconds"
        ]
    }
}
