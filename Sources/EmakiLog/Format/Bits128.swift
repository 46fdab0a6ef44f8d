import EmakiPlatform

/// 128 random bits: a store's id, or one life of a segment file.
package struct Bits128: Hashable, Sendable {
    var low: UInt64
    var high: UInt64

    static let zero = Bits128(low: 0, high: 0)

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Never zero, which stands for "none".
    init(random entropy: any Entropy) {
        repeat {
            low = entropy.next()
            high = entropy.next()
        } while low == 0 && high == 0
    }

    init(from memory: PageMemory, at offset: Int) {
        low = memory.loadUInt64(at: offset)
        high = memory.loadUInt64(at: offset + 8)
    }

    func encode(into memory: PageMemory, at offset: Int) {
        memory.store(low, at: offset)
        memory.store(high, at: offset + 8)
    }
}

extension Bits128: CustomStringConvertible {
    package var description: String { EventID(low: low, high: high).description }
}
