/// Random numbers that depend on the run, the branch and the call, and on nothing else: SplitMix64.
public struct WorkflowRandom: RandomNumberGenerator, Sendable {
    var state: UInt64

    /// The next number.
    public mutating func next() -> UInt64 {
        defer { state &+= 0x9e37_79b9_7f4a_7c15 }
        return StableMix.mix(state)
    }
}

enum UUIDText {
    static func make(high: UInt64, low: UInt64) -> String {
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let digits = hex(high) + hex(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
