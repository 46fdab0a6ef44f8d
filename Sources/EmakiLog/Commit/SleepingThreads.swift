import EmakiPlatform

/// Plain threads that sleep until a group is durable. A value that the committer's lock guards; the
/// words themselves need no lock.
///
/// Groups are numbered, and the numbers take turns at a few words. A word is read under the lock
/// and bumped under the lock, so no wake-up is lost, and one system call wakes a whole group. Two
/// words would do, for the group that is being written and the one that gathers. With more,
/// threads that were let go and are not awake yet hardly ever sleep on the word of a group that
/// gathers.
struct SleepingThreads {
    /// What a thread takes along to sleep.
    struct Place {
        let word: WaitWord
        /// The thread sleeps while the word is this.
        let seen: UInt32
        /// The number of the group that it waits for.
        let group: Int
        fileprivate let round: UInt64
    }

    /// Threads that were let go, and that the system is still to wake: without the lock, because it
    /// takes a microsecond or more for each of them. To be made once, and then reported.
    struct Call {
        fileprivate var words = InlineArray<4, WaitWord?>(repeating: nil)

        /// Nobody is to be woken.
        var isEmpty: Bool { words.indices.allSatisfy { words[$0] == nil } }

        func make() {
            for turn in words.indices { words[turn]?.wakeAll() }
        }
    }

    /// Those who sleep on one of the words.
    private struct Sleepers {
        let word = WaitWord()
        /// Who sleeps, or is about to.
        var count = 0
        /// How often all of them were let go, and then not counted any more.
        var round: UInt64 = 0
        /// Calls that were not made yet: threads of former rounds may be asleep.
        var callCount = 0
    }

    private var turns: InlineArray<4, Sleepers> = [Sleepers(), Sleepers(), Sleepers(), Sleepers()]

    private static func turn(of group: Int) -> Int { group & 3 }

    /// Who sleeps, or is about to, and was not let go.
    var count: Int { turns.indices.reduce(0) { $0 + turns[$1].count } }
    /// Words for which a call was not reported yet.
    var callCount: Int { turns.indices.reduce(0) { $0 + turns[$1].callCount } }

    /// Somebody is about to sleep until this group is durable.
    mutating func enter(_ group: Int) -> Place {
        let turn = Self.turn(of: group)
        turns[turn].count += 1
        let word = turns[turn].word
        return Place(word: word, seen: word.value, group: group, round: turns[turn].round)
    }

    /// Somebody woke up, for any reason. Needless for one who was let go, and is not counted.
    mutating func leave(_ place: Place) {
        let turn = Self.turn(of: place.group)
        if turns[turn].round == place.round { turns[turn].count -= 1 }
    }

    /// Lets all who wait for this group go, once the call is made.
    mutating func letGo(_ group: Int, by call: inout Call) {
        let turn = Self.turn(of: group)
        guard turns[turn].count > 0 else { return }
        precondition(call.words[turn] == nil, "a call is for groups that take different turns")
        turns[turn].count = 0
        turns[turn].round += 1
        turns[turn].callCount += 1
        turns[turn].word.bump()
        call.words[turn] = turns[turn].word
    }

    /// The call was made.
    mutating func report(_ call: Call) {
        for turn in turns.indices where call.words[turn] != nil { turns[turn].callCount -= 1 }
    }

    /// Wakes one of those who wait for this group. With the lock, or somebody who came later could
    /// be woken instead, and sleep on. While threads of former rounds may be asleep everybody is
    /// woken: the system would choose one of them, and none is counted on.
    /// - Returns: false if nobody sleeps.
    mutating func wakeOne(_ group: Int) -> Bool {
        let turn = Self.turn(of: group)
        guard turns[turn].count > 0 else { return false }
        turns[turn].word.bump()
        if turns[turn].callCount > 0 {
            turns[turn].word.wakeAll()
        } else {
            turns[turn].word.wakeOne()
        }
        return true
    }
}
