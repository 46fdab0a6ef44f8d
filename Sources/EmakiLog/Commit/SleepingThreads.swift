import EmakiPlatform

/// Plain threads that sleep until a group is durable. A value that the committer's lock guards; the
/// words themselves need no lock.
///
/// There is a word for each parity of the group's number: one for the group that is being written,
/// one for the group that gathers. A word is read under the lock and bumped under the lock, so no
/// wake-up is lost, and one system call wakes a whole group.
struct SleepingThreads {
    /// What a thread takes along to sleep.
    struct Place {
        let word: WaitWord
        /// The thread sleeps while the word is this.
        let seen: UInt32
        let parity: Int
        fileprivate let round: UInt64
    }

    /// Those who wait for the groups of one parity.
    private struct Group {
        let word = WaitWord()
        /// Who sleeps, or is about to.
        var count = 0
        /// How often all of them were woken, and then not counted any more.
        var round: UInt64 = 0
    }

    private var groups: InlineArray<2, Group> = [Group(), Group()]

    var count: Int { groups[0].count + groups[1].count }

    /// Somebody is about to sleep until the group of this parity is durable.
    mutating func enter(_ parity: Int) -> Place {
        groups[parity].count += 1
        let group = groups[parity]
        return Place(
            word: group.word, seen: group.word.value, parity: parity, round: group.round)
    }

    /// Somebody woke up, for any reason. Needless after `wake`, which stopped counting him.
    mutating func leave(_ place: Place) {
        if groups[place.parity].round == place.round { groups[place.parity].count -= 1 }
    }

    /// Lets all who wait for a group of this parity go.
    /// - Returns: the word to wake them by, which needs no lock; nil if nobody sleeps.
    mutating func wake(_ parity: Int) -> WaitWord? {
        guard groups[parity].count > 0 else { return nil }
        groups[parity].count = 0
        groups[parity].round += 1
        groups[parity].word.bump()
        return groups[parity].word
    }

    /// Wakes one of those who wait for a group of this parity. With the lock, or somebody who came
    /// later could be woken instead, and sleep on.
    /// - Returns: false if nobody sleeps.
    mutating func wakeOne(_ parity: Int) -> Bool {
        guard groups[parity].count > 0 else { return false }
        groups[parity].word.bump()
        groups[parity].word.wakeOne()
        return true
    }
}
