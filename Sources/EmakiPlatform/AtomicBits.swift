import Synchronization

/// A set of small numbers that threads ask and add to without waiting for one another. A number
/// never leaves it.
///
/// Whoever finds a number sees what its adder stored before adding it.
@safe package final class AtomicBits: @unchecked Sendable {
    /// On the heap, because an atomic must not move.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    /// An empty set of numbers below `count`.
    package init(count: Int) {
        precondition(count >= 0, "a set has no negative room")
        wordCount = (count + 63) / 64
        // Safe because each word is initialised before anybody sees the memory.
        unsafe words = .allocate(capacity: max(1, wordCount))
        for index in 0..<wordCount { unsafe (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        // Safe because nobody refers to the words any more.
        unsafe words.deinitialize(count: wordCount)
        unsafe words.deallocate()
    }

    package func contains(_ number: Int) -> Bool {
        precondition(number >= 0 && number / 64 < wordCount, "within the set")
        // Safe because the word is inside the memory.
        let word = unsafe words[number / 64].load(ordering: .acquiring)
        return word >> UInt64(number % 64) & 1 == 1
    }

    package func insert(_ number: Int) {
        precondition(number >= 0 && number / 64 < wordCount, "within the set")
        // Safe because the word is inside the memory.
        _ = unsafe words[number / 64].bitwiseOr(
            1 << UInt64(number % 64), ordering: .acquiringAndReleasing)
    }
}
