import EmakiWorkflow

/// Somebody new.
struct Newcomer: Codable, Sendable {
    var name: String
}

/// The workflow of the story in `Docs/versioning.md`, as one release after the other has it: thirty
/// days with somebody new. Its first release forgets to have the address confirmed.
///
/// A program has one of them. Here they stand beside one another so that the story can be played.
enum Release: String, CaseIterable {
    /// As it began.
    case first = "1"
    /// The address is confirmed: for everybody, so runs that were past that place cannot follow.
    case fixed = "2"
    /// The same, for those who have not come by yet.
    case patched = "3"
    /// The old way is gone; the patch is still recorded in the histories of runs that took it.
    case cleaned = "4"
    /// The patch is gone, too.
    case retired = "5"
    /// Releases that should never see a customer: one traps, and one computes for ever.
    case trapping = "trap"
    case spinning = "spin"

    /// The code of this release.
    /// - Parameter other: the one that it says it is, as code does whose version nobody raised.
    func definition(as other: Release? = nil) -> WorkflowDefinition {
        let fingerprint = "release \((other ?? self).rawValue)"
        return switch self {
        case .first: WorkflowDefinition(First.self, fingerprint: fingerprint)
        case .fixed: WorkflowDefinition(Fixed.self, fingerprint: fingerprint)
        case .patched: WorkflowDefinition(Patched.self, fingerprint: fingerprint)
        case .cleaned: WorkflowDefinition(Cleaned.self, fingerprint: fingerprint)
        case .retired: WorkflowDefinition(Fixed.self, fingerprint: fingerprint)
        case .trapping: WorkflowDefinition(Trapping.self, fingerprint: fingerprint)
        case .spinning: WorkflowDefinition(Spinning.self, fingerprint: fingerprint)
        }
    }
}

/// What the releases share.
protocol Onboarding: Workflow where Input == Newcomer, Output == String, State == Bool {
    /// Has the address confirmed, or not.
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws
}

extension Onboarding {
    static var workflowName: String { "Onboarding" }
    /// The newcomer has filled in a profile.
    static var profile: Signal<Self, Nothing> { Signal("profile") }

    static func initialState(for input: Newcomer) -> Bool { false }

    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(profile) { hasProfile, _ in hasProfile = true }
    }

    static func run(context: WorkflowContext<Self>, input: Newcomer) async throws -> String {
        _ = try await context.step("create-account") { _ in "account of \(input.name)" }
        try await confirm(input, context)
        _ = try await context.step("welcome") { _ in "welcome, \(input.name)" }
        let hasProfile = try await context.wait(until: { $0 }, timeout: .seconds(30 * 86_400))
        guard hasProfile else {
            return try await context.step("close-account") { _ in "\(input.name) never came" }
        }
        return try await context.step("thank") { _ in "thank you, \(input.name)" }
    }

    /// The fix.
    static func confirmAddress(
        _ newcomer: Newcomer, _ context: WorkflowContext<Self>
    ) async throws {
        _ = try await context.step("confirm-address") { _ in "address of \(newcomer.name)" }
    }
}

enum First: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {}
}

enum Fixed: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {
        try await confirmAddress(newcomer, context)
    }
}

enum Patched: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {
        if context.patched("confirm-address") { try await confirmAddress(newcomer, context) }
    }
}

enum Cleaned: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {
        _ = context.patched("confirm-address")
        try await confirmAddress(newcomer, context)
    }
}

enum Trapping: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {
        let letters = Array(newcomer.name)
        _ = try await context.step("initial \(letters[letters.count])") { _ in "" }
    }
}

enum Spinning: Onboarding {
    static func confirm(_ newcomer: Newcomer, _ context: WorkflowContext<Self>) async throws {
        var name = newcomer.name
        while !name.hasSuffix(".") { name = String(name.reversed()) }
    }
}
