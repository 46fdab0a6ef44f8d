import EmakiLog

/// Places an order, pays it if nobody else has touched it, and reads its history back.
func placeAndPay(in folder: String) async throws -> [RecordedEvent] {
    let log = try await EventLog.open(at: folder, .creating())

    let placed = Event(type: "Placed", text: #"{"total": 42}"#)
    let first = try await log.append(placed, to: "order-7", expecting: .noStream)
    // Returned, so durable: no crash and no power cut takes it back.

    let paid = Event(type: "Paid", text: #"{"by": "card"}"#)
    try await log.append(paid, to: "order-7", expecting: .version(first.version))

    let history = try log.events(in: "order-7")
    await log.close()
    return history
}
