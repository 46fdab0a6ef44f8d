/// Numbers that a run counts: they are added up, shown and sent by name, in one order.
///
/// What conforms lists its fields once; sums and names follow.
package protocol Counts: Sendable, Equatable {
    init()

    /// Every count with its name, in the order in which they are shown and sent.
    static var fields: [(name: String, path: WritableKeyPath<Self, Int>)] { get }
}

extension Counts {
    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        for field in fields { sum[keyPath: field.path] += right[keyPath: field.path] }
        return sum
    }

    package static func += (left: inout Self, right: Self) { left = left + right }

    /// Every count with its name.
    package var named: [(name: String, count: Int)] {
        Self.fields.map { ($0.name, self[keyPath: $0.path]) }
    }
}
