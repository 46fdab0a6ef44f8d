import EmakiWorkflow

/// A parcel to be fetched.
struct Parcel: Codable, Sendable {
    var name: String
    var grams: Int
}

/// A courier that says which bookings it has.
struct Booking: Codable, Sendable, Equatable {
    var courier: String
    var number: Int
}

/// Couriers, behind a network that loses requests as well as replies.
actor Couriers {
    /// What happens to a request.
    enum Fate: Sendable { case lost, replyLost, fine }

    struct NetworkFailure: Error {}

    private var fates: [Fate]
    private var bookings: [String: Booking] = [:]
    private(set) var story: [String] = []

    init(_ fates: [Fate]) { self.fates = fates }

    var bookingCount: Int { bookings.count }

    func book(_ parcel: Parcel, at courier: String, _ attempt: Int, once key: String) throws
        -> Booking
    {
        let request = "\(courier) is asked to fetch \(parcel.name), attempt \(attempt)"
        let fate = fates.isEmpty ? .fine : fates.removeFirst()
        guard fate != .lost else {
            story.append("\(request): the request is lost")
            throw NetworkFailure()
        }
        guard courier != "Snail" || parcel.grams < 1_000 else {
            story.append("\(request): too heavy")
            throw ApplicationFailure("too heavy", type: "TooHeavy", isNonRetryable: true)
        }
        let isKnown = bookings[key] != nil
        let booking =
            bookings[key] ?? Booking(courier: courier, number: 4_711 + bookings.count)
        bookings[key] = booking
        guard fate != .replyLost else {
            story.append("\(request): booked, and the reply is lost")
            throw NetworkFailure()
        }
        story.append("\(request): \(isKnown ? "already booked" : "booked"), \(booking.number)")
        return booking
    }
}

/// Asks a courier. Tried again until an answer comes: the key makes the second request the first.
struct BookCourier: Activity {
    struct Input: Codable, Sendable {
        var parcel: Parcel
        var courier: String
    }

    static let options = ActivityOptions(startToClose: .seconds(5))
    let couriers: Couriers

    func run(context: ActivityContext, input: Input) async throws -> Booking {
        try await couriers.book(
            input.parcel, at: input.courier, context.info.attempt,
            once: context.info.idempotencyKey)
    }
}

/// Books the first courier that takes the parcel.
enum Delivery: Workflow {
    static func run(context: WorkflowContext<Self>, input: Parcel) async throws -> Booking {
        for courier in ["Snail", "Falcon"] {
            do {
                return try await context.run(
                    BookCourier.self, BookCourier.Input(parcel: input, courier: courier))
            } catch let failure as StepFailure where failure.cause.type == "TooHeavy" {
                continue
            }
        }
        throw ApplicationFailure("nobody takes \(input.name)", type: "NoCourier")
    }
}
