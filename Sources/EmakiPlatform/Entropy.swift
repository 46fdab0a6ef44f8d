#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where random numbers come from: the system, or a seed that makes a run repeatable.
package protocol Entropy: AnyObject, Sendable {
    func next() -> UInt64
}

/// The system's generator, good enough for identities that must never meet.
package final class SystemEntropy: Entropy {
    package init() {}

    package func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

/// The system's generator, asked for many numbers at a time, for those who need some for each of
/// many small things. Not across a `fork`, nor for two machines that go on from one image of
/// memory: they would draw the same.
package final class BufferedEntropy: Entropy, @unchecked Sendable {
    /// As many as the system gives in one piece: 256 bytes.
    private static let capacity = 32

    private let lock = Lock()
    // Guarded by `lock`.
    private var numbers: [UInt64] = []

    package init() { numbers.reserveCapacity(Self.capacity) }

    package func next() -> UInt64 {
        lock.withLock {
            if let number = numbers.popLast() { return number }
            fill()
            return numbers.popLast() ?? SystemEntropy().next()
        }
    }

    private func fill() {
        numbers.append(contentsOf: repeatElement(0, count: Self.capacity))
        let result = unsafe numbers.withUnsafeMutableBytes {
            unsafe getentropy($0.baseAddress, $0.count)
        }
        // Never zeros that nobody drew.
        if result != 0 { numbers.removeAll(keepingCapacity: true) }
    }
}
