/// How a place in the engine is changed while its mutant is on.
enum MutationKind: String, Codable, CaseIterable {
    /// A boolean clause of a `guard` holds always.
    case `guard`
    /// A clause of a `guard` that binds a name fails always: it cannot be skipped.
    case bind
    /// A call to the disk is skipped.
    case door
    /// Another call that may throw, and returns nothing, is skipped.
    case step
    /// An operand of `&&` is true, or an operand of `||` false.
    case operand
    /// An `if` that only leaves is never entered.
    case exit
    /// One of the mutants written by hand: see `NamedMutants.swift`.
    case named
}

/// A change of one file's text: what is put in, and before which byte of the original.
struct Insertion {
    var offset: Int
    /// `#` stands for the mutant's number.
    var text: String
    /// Bytes between this and its partner: wider pairs stay outside of narrower ones.
    var width: Int
    var isOpening: Bool
}

/// A place where the engine can be changed, and how.
struct MutationPoint {
    /// From the package's root.
    var file: String
    /// Type and function, as `SegmentLoader.open(_:)`.
    var function: String
    var kind: MutationKind
    /// Which one of its kind in the function, from 1.
    var ordinal = 0
    /// A hand-written mutant's own name.
    var name: String?
    /// From 1, for people.
    var line: Int
    var lastLine: Int
    /// What stands there, on one line.
    var excerpt: String
    var insertions: [Insertion] = []
    /// Why the place cannot be changed; nil if it can.
    var skipReason: String?

    /// Survives edits elsewhere: no line, no number of the whole list.
    var id: String {
        let path = file.replacing("Sources/", with: "")
        if let name { return "\(path)|\(name)" }
        return "\(path)|\(function)|\(kind.rawValue) \(ordinal)"
    }
}

/// Gives points of one function and kind their ordinals, in the order of the text.
func numbered(_ points: [MutationPoint]) -> [MutationPoint] {
    var counts: [String: Int] = [:]
    return points.map { point in
        var point = point
        let key = "\(point.file)|\(point.function)|\(point.kind.rawValue)"
        counts[key, default: 0] += 1
        point.ordinal = counts[key, default: 1]
        return point
    }
}
