import EmakiPlatform

/// Random numbers that are the same for a seed, for ever (SplitMix64).
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mixed(state)
    }

    /// Uniform enough: the limits here are far below 2^64.
    package mutating func below(_ limit: Int) -> Int {
        precondition(limit > 0, "there is something to choose from")
        return Int(next() % UInt64(limit))
    }

    /// True once in so many times, on average.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    /// True with this probability.
    package mutating func chance(_ rate: Double) -> Bool {
        rate > 0 && Double(next() >> 11) * 0x1p-53 < rate
    }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Spreads every bit of a number over all.
    static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
