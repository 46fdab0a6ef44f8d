import EmakiPlatform

extension SeededRandom {
    /// True in so many of a thousand cases.
    package mutating func happens(perThousand: Int) -> Bool { below(1000) < perThousand }

    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[below(choices.count)]
    }
}

/// The identities that a core draws, from a seed.
final class ScriptEntropy: Entropy, @unchecked Sendable {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    func next() -> UInt64 { random.next() }
}

/// A hash over what happened in a run: equal for equal runs, in any process.
struct RunHash: Sendable {
    private(set) var value: UInt64 = 0

    mutating func add(_ number: UInt64) {
        value = SeededRandom.mixed(value ^ number) &+ 0x9e37_79b9_7f4a_7c15
    }

    mutating func add(_ text: String) { add(text.withUTF8Span { StableHash.hash($0) }) }
}
