// With the trait the package manager builds tests for the host, where no test can import a program.
#if !Macros
    import Foundation
    import EmakiWorkflowTesting
    import Testing

    @testable import example_approval
    @testable import example_counter
    @testable import example_delivery
    @testable import example_onboarding
    @testable import example_order
    @testable import example_transfer

    /// The stories that the examples tell.
    @Suite struct ExampleTests {
        @Test("a transfer books twice or not at all")
        func transfer() async throws {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "emaki-example-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let told = try await TransferStory.tell(
                in: folder, clock: SkippingClock(skips: false))
            let expected = [
                "at first: anna has 100, ben has 20",
                "moved 30 from anna to ben: anna has 70, ben has 50",
                "not moved, Credit: there is no account cleo: anna has 70, ben has 50",
                "what transfer-2 did: Debit, Credit, Reverse",
            ]
            #expect(told == expected)
        }

        @Test("a human is reminded for 30 days, and may decide earlier")
        func approval() async throws {
            let told = try await ApprovalStory.tell()
            let expected = [
                "day 3: please decide", "day 7: please decide",
                "a chair: granted on day 7, after 2 reminders",
                "day 3: please decide", "day 7: please decide", "day 14: please decide",
                "day 21: please decide", "day 28: please decide",
                "a yacht: expired on day 30, after 5 reminders",
            ]
            #expect(told == expected)
        }

        @Test("hits are counted once each, over a restart and many checkpoints")
        func counter() async throws {
            let told = try await CounterStory.tell()
            let expected = [
                "500 hits, and the process ends", "1000 hits after a restart",
                "10 checkpoints; fewer than 110 events to wake it: true", "taken: 1000",
                "again: 1000", "left: 0",
            ]
            #expect(told == expected)
        }

        @Test("thirty days with somebody new end with a profile, or without an account")
        func onboarding() async throws {
            let told = try await OnboardingStory.tell()
            let expected = [
                "day 0: an account for ana", "day 0: welcome, ana",
                "day 1: ana, your profile is empty", "day 1: thank you, ana",
                "day 1: done: account of ana", "day 1: 3 mails, a profile",
                "day 0: an account for bob", "day 0: welcome, bob",
                "day 1: bob, your profile is empty", "day 7: bob, your profile is empty",
                "day 14: bob, your profile is empty", "day 30: no account for bob any more",
                "day 30: undone: no profile in 30 days", "day 30: 4 mails, no profile",
            ]
            #expect(told == expected)
        }

        @Test("a bad network books no courier twice")
        func delivery() async throws {
            let told = try await DeliveryStory.tell()
            #expect(
                told.suffix(3) == [
                    "a letter goes with Snail, number 4711",
                    "an anvil goes with Falcon, number 4712",
                    "2 bookings, after waiting some seconds",
                ])
            #expect(told.count { $0.hasSuffix("lost") } == 6)
            #expect(told.contains { $0.hasSuffix("attempt 4: already booked, 4711") })
        }

        @Test("an order is paid and shipped, or paid back")
        func order() async throws {
            let told = try await OrderStory.tell()
            let expected = [
                "anna paid 40", "shipped: parcel with tea", "shipped: parcel with cup",
                "shipped: parcel with pot", "all of it took 6 hours",
                "order-2 failed: Shipment: Pick: no cup left", "anna has paid 40 in the end",
                "ben has paid 0 in the end",
            ]
            #expect(told == expected)
        }
    }
#endif
