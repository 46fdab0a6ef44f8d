import EmakiPlatform

/// Flat memory in units of eight 32-bit words, given out in runs of 1, 2, 4 or 8 units and taken
/// back. Holds the event lists and the ids of the index, so that no event costs an allocation.
struct UnitArena: ~Copyable {
    /// A run: its first unit and its class. Class c has `1 << c` units.
    struct Reference: Equatable {
        var rawValue: UInt32
        static let none = Reference(rawValue: .max)

        init(rawValue: UInt32) { self.rawValue = rawValue }
        init(unit: Int, sizeClass: Int) {
            precondition(unit < 1 << 30, "an arena ends at 32 GiB")
            rawValue = UInt32(unit) << 2 | UInt32(sizeClass)
        }

        var firstWord: Int { Int(rawValue >> 2) * UnitArena.unitWords }
        var sizeClass: Int { Int(rawValue & 3) }
        var wordCount: Int { UnitArena.unitWords << sizeClass }
    }

    static let unitWords = 8
    static let sizeClassMax = 3
    /// Words of a page, as a power of two. A run never crosses a page.
    private static let pageShift = 15

    private var words = PagedMemory<UInt32>(filling: 0, pageShift: pageShift)
    private var freeHeads = InlineArray<4, UInt32>(repeating: UInt32.max)
    private(set) var freeWordCount = 0

    subscript(word: Int) -> UInt32 {
        @inline(__always) get { words[word] }
        @inline(__always) set { words[word] = newValue }
    }

    mutating func allocate(sizeClass: Int) -> Reference {
        let wordCount = Self.unitWords << sizeClass
        if freeHeads[sizeClass] != .max {
            let reference = Reference(rawValue: freeHeads[sizeClass])
            freeHeads[sizeClass] = words[reference.firstWord]
            freeWordCount -= wordCount
            return reference
        }
        alignToRun(of: wordCount)
        let start = words.count
        words.grow(to: start + wordCount)
        return Reference(unit: start / Self.unitWords, sizeClass: sizeClass)
    }

    mutating func free(_ reference: Reference) {
        words[reference.firstWord] = freeHeads[reference.sizeClass]
        freeHeads[reference.sizeClass] = reference.rawValue
        freeWordCount += reference.wordCount
    }

    /// Skips to where a run of `wordCount` does not cross a page; what is skipped is given out as
    /// single units.
    private mutating func alignToRun(of wordCount: Int) {
        let pageWords = 1 << Self.pageShift
        let left = pageWords - words.count & (pageWords - 1)
        guard left < wordCount else { return }
        for _ in 0..<left / Self.unitWords {
            let unit = words.count / Self.unitWords
            words.grow(to: words.count + Self.unitWords)
            free(Reference(unit: unit, sizeClass: 0))
        }
    }

    var allocatedBytes: Int { words.allocatedBytes }
}
