import EmakiPlatform

/// Everything on a simulated disk, as a value: a copy costs nothing until one of the two changes.
///
/// The calls here do what the system does, with its errors in its order. Counting, failing and
/// stopping is `SimulatedFileSystem`'s affair.
struct DiskState: Sendable {
    let traits: SimulatedTraits
    var tree = FolderTree()
    var files: [Int: FileState] = [:]
    private var nextNode = FolderTree.root + 1
    private var nextEffect = 1
    /// Nil: never full.
    var capacityBytes: Int?
    /// There is no room for anything new during this call.
    var isFull = false
    /// Set before each call.
    var callNumber = 0

    // Ends with a power loss, and is not in copies.
    private var openCounts: [Int: Int] = [:]
    private var lockedFiles: Set<Int> = []

    init(_ traits: SimulatedTraits) {
        self.traits = traits
        capacityBytes = traits.capacityBytes
    }

    mutating func origin(_ path: String) -> EffectOrigin {
        defer { nextEffect += 1 }
        return EffectOrigin(id: nextEffect, callNumber: callNumber, path: path)
    }

    mutating func newNode() -> Int {
        defer { nextNode += 1 }
        return nextNode
    }

    // MARK: Handles

    mutating func addHandle(_ number: Int) { openCounts[number, default: 0] += 1 }

    mutating func dropHandle(_ number: Int) {
        openCounts[number, default: 1] -= 1
        if openCounts[number] == 0 { openCounts[number] = nil }
    }

    mutating func lockFile(_ number: Int) -> Bool { lockedFiles.insert(number).inserted }
    mutating func unlockFile(_ number: Int) { lockedFiles.remove(number) }

    mutating func dropHandles() {
        openCounts = [:]
        lockedFiles = []
    }

    // MARK: Power

    /// Changes that no sync has made durable, in the order of the calls.
    var pending: [PendingEffect] {
        var effects = tree.changes.map(\.pending)
        for (number, file) in files {
            for change in file.changes where !change.isDurable {
                effects.append(change.pending(fileNumber: number))
            }
        }
        return effects.sorted { $0.id < $1.id }
    }

    mutating func losePower(_ fate: (PendingEffect) -> Fate) {
        var fates: [Int: Fate] = [:]
        for effect in pending {
            let chosen = fate(effect)
            precondition(
                effect.isWrite || chosen == .keep || chosen == .drop,
                "only a write can be anything but kept or dropped")
            fates[effect.id] = chosen
        }
        for number in files.keys {
            files[number]?.losePower { fates[$0] ?? .drop }
        }
        tree.losePower { fates[$0] == .keep }
        dropHandles()
        collect()
    }

    /// Forgets files and folders that no name leads to, now or after a power loss, and that nobody
    /// has open.
    mutating func collect() {
        var folders: Set<Int> = [FolderTree.root]
        var used = Set(openCounts.keys).union(lockedFiles)
        func keep(_ node: FolderTree.Node) {
            switch node {
            case .file(let number): used.insert(number)
            case .folder(let number): folders.insert(number)
            }
        }
        FolderTree.visit(tree.visible) { _, node in keep(node) }
        FolderTree.visit(tree.durable) { _, node in keep(node) }
        for change in tree.changes {
            for (_, node) in change.places {
                guard let node else { continue }
                keep(node)
                // A folder under way takes along what it holds.
                if case .folder(let number) = node {
                    FolderTree.visit(tree.visible, from: number) { _, inner in keep(inner) }
                    FolderTree.visit(tree.durable, from: number) { _, inner in keep(inner) }
                }
            }
        }
        if files.count > used.count || !files.keys.allSatisfy(used.contains) {
            files = files.filter { used.contains($0.key) }
        }
        if tree.visible.count > folders.count { tree.keepFolders(folders) }
    }

    // MARK: Space

    /// What is written in files that have a name, or that somebody has open. A removed file gives
    /// its space back at once, also if a power loss would bring its name back.
    var usedBytes: Int {
        var used = Set(openCounts.keys).union(lockedFiles)
        FolderTree.visit(tree.visible) { _, node in
            if case .file(let number) = node { used.insert(number) }
        }
        return used.reduce(0) { $0 + (files[$1]?.visible.writtenPageCount ?? 0) }
            * PagedBytes.pageBytes
    }

    /// How many of the bytes of a write find room.
    func roomBytes(for range: Range<Int>, in file: FileState) -> Int {
        guard isFull || capacityBytes != nil else { return range.count }
        let freeBytes = isFull ? 0 : max(0, (capacityBytes ?? 0) - usedBytes)
        var free = freeBytes / PagedBytes.pageBytes
        guard file.visible.missingPageCount(in: range) > free else { return range.count }
        for piece in PagePiece.pieces(of: range) {
            let part = piece.start..<piece.start + piece.range.count
            free -= file.visible.missingPageCount(in: part)
            if free < 0 { return piece.start - range.lowerBound }
        }
        return range.count
    }
}
