/// A promise of `Docs/durability.md` that a run broke, or a refusal that nothing justifies.
package struct Violation: Error, Equatable, Sendable {
    /// Which promise; a shrunk script must break the same one.
    package var promise: Promise
    /// What was seen, for people.
    package var text: String
    /// Damage was met, and its place is named: no violation where something was damaged.
    package var isNamedDamage = false
    /// The disk did not answer: no violation where there is no power.
    package var isReadFailure = false

    package init(_ promise: Promise, _ text: String) {
        self.promise = promise
        self.text = text
    }
}

extension Violation: CustomStringConvertible {
    package var description: String { "\(promise): \(text)" }
}

/// The promises that a run is held to, by their numbers in `Docs/durability.md`.
package enum Promise: Int, Sendable, CaseIterable {
    case acknowledgedSurvives = 1
    case wholeOrAbsent = 2
    case orderAndDensity = 3
    case nothingVisibleEarly = 4
    case expectationsHold = 5
    case repetitionsAreKnown = 6
    case refusalsRestOnDurable = 7
    case failuresPoison = 8
    case onlyReadIsPromised = 9
    case damageIsRefused = 10
    case endIsProven = 11
    case cutsAreRemembered = 12
    case recoveryRepeats = 13
    case readErrorIsNoEnd = 14
    case earlierLivesStayHidden = 15
    case blocksStay = 16
    case oneCopyIsEnough = 17
    case replacedAtOnce = 18
    case fullDiskStoresNothing = 19
    case readingChangesNothing = 20
    case repairRenumbersNothing = 21
    case bytesAreNotTrusted = 23
    case limitsAreNamed = 24
    case closeLeavesNothing = 26
    case followersSeeAll = 27
    case removedStaysRemoved = 30
    case erasedIsGone = 32
    case forgottenIsGone = 34
}

extension Promise: CustomStringConvertible {
    package var description: String { "D\(rawValue)" }

    /// Reads what `description` writes.
    package init?(_ text: some StringProtocol) {
        guard text.hasPrefix("D"), let number = Int(text.dropFirst()) else { return nil }
        self.init(rawValue: number)
    }
}
