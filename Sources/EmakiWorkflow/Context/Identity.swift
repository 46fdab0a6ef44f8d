/// A part of a run in which steps are counted by themselves: the run's body, a handler, a child of
/// `all`, `race` or `group`, a saga.
///
/// It is bound to a task-local value, so that child tasks are in the branch of their parent. Only
/// used by the thread that executes the run.
final class Branch: @unchecked Sendable {
    @TaskLocal static var current: Branch?

    struct Component: Sendable, Comparable {
        var name: String
        var ordinal: Int

        static func < (left: Component, right: Component) -> Bool {
            left.name == right.name ? left.ordinal < right.ordinal : left.name < right.name
        }

        /// `name`, and `name#2` for the second of its name.
        var text: String { ordinal == 1 ? name : "\(name)#\(ordinal)" }
    }

    let path: [Component]
    /// With a slash at its end, but for the run's body.
    let prefix: String
    private var counts: [String: Int] = [:]

    /// The run's body.
    /// - Parameter epoch: checkpoints that the run has had; what comes after one is told apart from
    ///   what came before. No other name begins with that sign.
    init(epoch: Int = 0) {
        path = epoch == 0 ? [] : [Component(name: "+\(epoch)", ordinal: 1)]
        prefix = epoch == 0 ? "" : "+\(epoch)/"
    }

    private init(_ path: [Component], _ prefix: String) {
        self.path = path
        self.prefix = prefix
    }

    /// The next identity of this name here.
    func next(_ name: String) -> Identity {
        let name = Self.escaped(name)
        let ordinal = counts[name, default: 0] + 1
        counts[name] = ordinal
        return Identity(branch: self, component: Component(name: name, ordinal: ordinal))
    }

    /// A branch of its own.
    func branch(_ name: String) -> Branch {
        let identity = next(name)
        return Branch(path + [identity.component], identity.text + "/")
    }

    /// The signs that separate the parts of an identity stand for themselves only there.
    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { [0x2f, 0x23, 0x25, 0x2b].contains($0) }) else {
            return name
        }
        var text = ""
        for character in name.unicodeScalars {
            switch character {
            case "/": text += "%2F"
            case "#": text += "%23"
            case "%": text += "%25"
            case "+": text += "%2B"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}

/// What tells a step, a timer or a wait of a run from all others: its branch, its name, and which
/// of that name in the branch it is. The order is that of the parts, ordinals as numbers.
struct Identity: Sendable, Comparable {
    let branch: Branch
    let component: Branch.Component

    var text: String { branch.prefix + component.text }

    static func < (left: Identity, right: Identity) -> Bool {
        if left.branch === right.branch { return left.component < right.component }
        return (left.branch.path + [left.component])
            .lexicographicallyPrecedes(right.branch.path + [right.component])
    }

    static func == (left: Identity, right: Identity) -> Bool { left.text == right.text }
}
