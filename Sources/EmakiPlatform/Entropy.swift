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
