import EmakiPlatform

/// All folders: the names that are durable, those to be seen, and every change between the two.
///
/// Changes to different names are independent. Changes to one name happen in order, as in every
/// file system with a journal: whoever makes one durable makes the earlier ones to the same names
/// durable too. A rename changes two names at once.
struct FolderTree: Sendable {
    enum Node: Sendable, Hashable {
        case file(Int)
        case folder(Int)

        var isFolder: Bool {
            if case .folder = self { return true }
            return false
        }
    }

    struct Place: Sendable, Hashable {
        let folder: Int
        let name: String
    }

    struct Change: Sendable {
        let origin: EffectOrigin
        let kind: PendingEffect.Kind
        /// Nil: the name is free afterwards.
        let places: [(place: Place, node: Node?)]

        var pending: PendingEffect {
            PendingEffect(
                id: origin.id, callNumber: origin.callNumber, path: origin.path, fileNumber: 0,
                kind: kind)
        }

        func touches(_ folder: Int) -> Bool { places.contains { $0.place.folder == folder } }

        /// Moves a folder, so that what is below it moves too.
        var movesFolder: Bool {
            guard case .rename = kind else { return false }
            return places.contains { $0.node?.isFolder == true }
        }

        /// Whether the other, which came later, cannot be durable without this one.
        func isBelow(_ later: Change) -> Bool {
            if movesFolder && later.movesFolder { return true }
            return places.contains { one in
                later.places.contains { $0.place == one.place }
            }
        }
    }

    static let root = 0

    typealias Names = [Int: [String: Node]]
    private(set) var visible: Names = [root: [:]]
    private(set) var durable: Names = [root: [:]]
    private(set) var changes: [Change] = []

    // MARK: Changing

    /// A folder begins empty; its name is a change to its parent.
    mutating func addFolder(_ number: Int) {
        visible[number] = [:]
        durable[number] = [:]
    }

    mutating func change(
        _ places: [(place: Place, node: Node?)], _ kind: PendingEffect.Kind, _ origin: EffectOrigin
    ) {
        let change = Change(origin: origin, kind: kind, places: places)
        Self.apply(change, to: &visible)
        changes.append(change)
    }

    mutating func sync(_ folder: Int) {
        settle { $0.touches(folder) }
    }

    /// Keeps what is chosen, and what that stands on; the rest never happened.
    mutating func losePower(_ isKept: (Int) -> Bool) {
        settle { isKept($0.origin.id) }
        changes.removeAll()
        visible = durable
    }

    /// Both views of a folder's names, changed at once.
    mutating func put(_ node: Node?, at place: Place) {
        visible[place.folder]?[place.name] = node
        durable[place.folder]?[place.name] = node
    }

    /// Forgets folders that nothing leads to.
    mutating func keepFolders(_ numbers: Set<Int>) {
        visible = visible.filter { numbers.contains($0.key) }
        durable = durable.filter { numbers.contains($0.key) }
    }

    private mutating func settle(_ isChosen: (Change) -> Bool) {
        guard !changes.isEmpty else { return }
        var isSettled = changes.map(isChosen)
        // From the last to the first: each carries along what it stands on.
        for later in changes.indices.reversed() where isSettled[later] {
            for earlier in 0..<later where !isSettled[earlier] {
                isSettled[earlier] = changes[earlier].isBelow(changes[later])
            }
        }
        for (change, isSettled) in zip(changes, isSettled) where isSettled {
            Self.apply(change, to: &durable)
        }
        changes = zip(changes, isSettled).filter { !$0.1 }.map(\.0)
    }

    private static func apply(_ change: Change, to names: inout Names) {
        for (place, node) in change.places { names[place.folder]?[place.name] = node }
    }

    // MARK: Looking

    /// - Throws: what the system says to a name that no folder can hold.
    func node(at place: Place, for operation: DiskError.Operation) throws(DiskError) -> Node? {
        guard place.name.utf8.count <= Self.nameBytesMax else {
            throw DiskError(operation, SystemCode.nameTooLong)
        }
        return visible[place.folder]?[place.name]
    }

    /// Where a path ends. The last name is not looked up.
    /// - Returns: nil for the root, which has no name.
    /// - Throws: what the system says when a folder on the way is missing or is a file.
    func place(of path: String, for operation: DiskError.Operation) throws(DiskError) -> Place? {
        precondition(!path.hasPrefix("/"), "paths are relative to the root")
        guard !path.isEmpty else { return nil }
        var folder = Self.root
        var rest = path[...]
        while true {
            let name = rest.prefix { $0 != "/" }
            precondition(
                !name.isEmpty && name != "." && name != "..", "paths are made of plain names")
            rest = rest.dropFirst(name.count)
            let place = Place(folder: folder, name: String(name))
            if rest.isEmpty { return place }
            rest = rest.dropFirst()
            switch try node(at: place, for: operation) {
            case .folder(let number): folder = number
            case .file: throw DiskError(operation, SystemCode.notAFolder)
            case nil: throw DiskError(operation, SystemCode.notFound)
            }
        }
    }

    /// What is at a path; nil if nothing.
    func node(at path: String, for operation: DiskError.Operation) throws(DiskError) -> Node? {
        guard let place = try place(of: path, for: operation) else { return .folder(Self.root) }
        return try node(at: place, for: operation)
    }

    /// Whether one folder is the other or lies below it, as seen now.
    func isFolder(_ inner: Int, within outer: Int) -> Bool {
        if inner == outer { return true }
        return (visible[outer] ?? [:]).values.contains {
            if case .folder(let number) = $0 { return isFolder(inner, within: number) }
            return false
        }
    }

    /// Calls with the path of everything that a view of the names leads to.
    static func visit(
        _ names: Names, from folder: Int = root, below path: String = "",
        _ body: (String, Node) -> Void
    ) {
        for (name, node) in names[folder] ?? [:] {
            let inner = path.isEmpty ? name : path + "/" + name
            body(inner, node)
            if case .folder(let number) = node { visit(names, from: number, below: inner, body) }
        }
    }

    private static let nameBytesMax = 255
}
