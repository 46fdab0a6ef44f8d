import EmakiPlatform

/// Calls on names in folders.
extension DiskState {
    /// - Returns: the number of the file.
    mutating func open(
        _ path: String, _ mode: OpenMode, for operation: DiskError.Operation = .open
    ) throws(DiskError) -> Int {
        let existence = mode.existence
        guard let place = try tree.place(of: path, for: operation) else {
            throw folderOpened(mode, for: operation)
        }
        let found = try tree.node(at: place, for: operation)
        switch (found, existence) {
        case (.folder, _): throw folderOpened(mode, for: operation)
        case (.file, .mustBeNew): throw DiskError(operation, SystemCode.exists)
        case (nil, .mustExist): throw DiskError(operation, SystemCode.notFound)
        case (.file(let number), _):
            // The system finds that it cannot only once it has the file.
            guard !mode.isDirect || traits.supportsDirect else {
                throw DiskError(operation, SystemCode.invalid)
            }
            return number
        case (nil, _):
            guard !isFull else { throw DiskError(operation, SystemCode.noSpace) }
            let number = newNode()
            files[number] = FileState()
            tree.change([(place, .file(number))], .create, origin(path))
            guard !mode.isDirect || traits.supportsDirect else {
                throw DiskError(operation, SystemCode.invalid)
            }
            return number
        }
    }

    /// The system lets folders be opened for reading; that they are not files is found afterwards.
    private func folderOpened(
        _ mode: OpenMode, for operation: DiskError.Operation
    ) -> DiskError {
        let code =
            switch mode.existence {
            case .mustBeNew: SystemCode.exists
            case .mustExist where mode.isDirect && !mode.isWritable: SystemCode.invalid
            case .mustExist, .createIfMissing: SystemCode.isAFolder
            }
        return DiskError(operation, code)
    }

    func folder(at path: String, for operation: DiskError.Operation) throws(DiskError) -> Int {
        switch try tree.node(at: path, for: operation) {
        case .folder(let number): return number
        case .file: throw DiskError(operation, SystemCode.notAFolder)
        case nil: throw DiskError(operation, SystemCode.notFound)
        }
    }

    func list(_ path: String) throws(DiskError) -> [String] {
        let names = tree.visible[try folder(at: path, for: .list)] ?? [:]
        return names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func kind(of path: String) throws(DiskError) -> EntryKind? {
        do {
            return try tree.node(at: path, for: .kind).map { $0.isFolder ? .folder : .file }
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    mutating func makeFolder(_ path: String) throws(DiskError) {
        guard let place = try tree.place(of: path, for: .makeFolder),
            try tree.node(at: place, for: .makeFolder) == nil
        else { throw DiskError(.makeFolder, SystemCode.exists) }
        guard !isFull else { throw DiskError(.makeFolder, SystemCode.noSpace) }
        let number = newNode()
        tree.addFolder(number)
        tree.change([(place, .folder(number))], .makeFolder, origin(path))
    }

    mutating func remove(_ path: String) throws(DiskError) {
        guard let place = try tree.place(of: path, for: .remove) else {
            // The simulated root is always there.
            throw DiskError(.remove, SystemCode.busy)
        }
        switch try tree.node(at: place, for: .remove) {
        case nil: throw DiskError(.remove, SystemCode.notFound)
        case .folder(let number):
            guard tree.visible[number]?.isEmpty == true else {
                throw DiskError(.remove, SystemCode.notEmpty)
            }
        case .file: break
        }
        tree.change([(place, nil)], .remove, origin(path))
    }

    mutating func rename(_ path: String, to target: String) throws(DiskError) {
        guard let from = try tree.place(of: path, for: .rename),
            let to = try tree.place(of: target, for: .rename)
        else { throw DiskError(.rename, SystemCode.busy) }
        guard let node = try tree.node(at: from, for: .rename) else {
            throw DiskError(.rename, SystemCode.notFound)
        }
        let replaced = try tree.node(at: to, for: .rename)
        try checkRename(node, from, over: replaced, to)
        if node == replaced { return }
        tree.change([(from, nil), (to, node)], .rename(to: target), origin(path))
    }

    private func checkRename(
        _ node: FolderTree.Node, _ from: FolderTree.Place, over replaced: FolderTree.Node?,
        _ to: FolderTree.Place
    ) throws(DiskError) {
        if case .folder(let number) = node, from.folder != to.folder,
            tree.isFolder(to.folder, within: number)
        {
            throw DiskError(.rename, SystemCode.invalid)
        }
        switch (node, replaced) {
        case (_, nil): return
        case (_, .folder(let number)):
            if from.folder != to.folder, tree.isFolder(from.folder, within: number) {
                throw DiskError(.rename, SystemCode.notEmpty)
            }
            if node == replaced { return }
            guard node.isFolder else { throw DiskError(.rename, SystemCode.isAFolder) }
            guard tree.visible[number]?.isEmpty == true else {
                throw DiskError(.rename, SystemCode.notEmpty)
            }
        case (.folder, .file): throw DiskError(.rename, SystemCode.notAFolder)
        case (.file, .file): return
        }
    }

    mutating func syncFolder(_ path: String, _ course: CallCourse) throws(DiskError) {
        let number = try folder(at: path, for: .syncFolder)
        if case .failSync(let code, _) = course.action { throw DiskError(.syncFolder, code) }
        guard course.makesDurable else { return }
        tree.sync(number)
        collect()
    }

    /// Makes the file if needed and locks it.
    mutating func lock(_ path: String) throws(DiskError) -> Int {
        let number = try open(path, OpenMode(.createIfMissing), for: .lock)
        guard lockFile(number) else { throw DiskError(.lock, SystemCode.wouldBlock) }
        let origins = (origin(path), origin(path))
        files[number]?.resize(to: 0, origins.0)
        Self.holderHint.withRawSpan {
            files[number]?.write($0, at: 0, origins.1, durably: false)
        }
        return number
    }

    /// What the lock's file tells people; the simulated process has the number 1.
    private static let holderHint = Array("1\n".utf8)
}
