import EmakiPlatform
import Glibc

/// A disk in memory that keeps apart what is written and what is durable, for every file and every
/// folder entry.
///
/// It clones in no time (bytes are copied on the next write), loses power, fails or stops at a
/// chosen call, and lets a test edit any byte. One thread at a time uses it.
final class MemoryFileSystem: FileSystem, @unchecked Sendable {
    enum Call: Hashable, CaseIterable {
        case open, byteCount, read, write, writeDurably, sync, resize, dropCache, list, kind
        case makeFolder, rename, remove, syncFolder
    }

    /// What happens at one call.
    struct Fault {
        /// The n-th call, from 1, of `kind`, or of any kind if nil.
        var kind: Call?
        var number: Int
        var code: Int32 = EIO
        /// The call does all its work before it fails.
        var takesEffect = false
        /// Bytes of a failing write that reach the disk, durably.
        var bytesKept = 0
        /// After so many more changes every call fails without any effect: the machine stopped.
        var changesUntilStop: Int?
    }

    fileprivate final class Node {
        var written: [UInt8]
        /// Nil: all that is written is durable.
        var synced: [UInt8]?

        init(written: [UInt8] = [], synced: [UInt8]? = nil) {
            self.written = written
            self.synced = synced
        }

        /// Once around anything that is not durable at once.
        func keepSynced() {
            if synced == nil { synced = written }
        }

        func put(_ bytes: RawSpan, at fileOffset: Int, isDurable: Bool) {
            if isDurable {
                if var old = synced {
                    Self.put(bytes, at: fileOffset, in: &old)
                    synced = old
                }
            } else {
                keepSynced()
            }
            Self.put(bytes, at: fileOffset, in: &written)
        }

        private static func put(_ bytes: RawSpan, at fileOffset: Int, in target: inout [UInt8]) {
            let end = fileOffset + bytes.byteCount
            if target.count < end { target += [UInt8](repeating: 0, count: end - target.count) }
            target.withMutableRawSpan { $0.copy(bytes, at: fileOffset) }
        }
    }

    /// nil stands for a folder.
    private var visible: [String: Node?] = [:]
    private var durable: [String: Node?] = [:]
    private(set) var counts: [Call: Int] = [:]
    private(set) var callCount = 0
    /// Calls that change something: crash points.
    private(set) var changeCount = 0
    private(set) var log: [String] = []
    private var isStopped = false
    private var stopsAtChange = Int.max
    var fault: Fault?
    /// True once the fault happened.
    private(set) var didFail = false
    var keepsLog = false
    /// Whether it can be told not to copy on write.
    var canStopCopying = false
    /// What the disk says of itself.
    var device = DiskTraits(
        physicalBlockBytes: 512, logicalBlockBytes: 512, fileSystemBlockBytes: 4096,
        fileSystemName: "memory", overwritesInPlace: true, hasVolatileCache: true,
        supportsDirect: true, freeBytes: 1 << 40)
    /// Reads of this file end here, whatever its length is said to be.
    var readEnd: (path: String, offset: Int)?
    /// What is where the store should be.
    var rootKind: EntryKind? = .folder
    /// Files that are open now.
    fileprivate(set) var openFileCount = 0

    init() {}

    // MARK: For tests

    /// The same disk, untouched by what happens to this one later.
    func clone() -> MemoryFileSystem {
        survivor(keepingEntries: true, keepingBytes: true, settled: false)
    }

    /// The disk after a power loss: each kind of unsynced change is kept or dropped.
    func afterPowerLoss(keepingEntries: Bool, keepingBytes: Bool) -> MemoryFileSystem {
        survivor(keepingEntries: keepingEntries, keepingBytes: keepingBytes, settled: true)
    }

    private func survivor(
        keepingEntries: Bool, keepingBytes: Bool, settled: Bool
    ) -> MemoryFileSystem {
        let copy = MemoryFileSystem()
        var nodes: [ObjectIdentifier: Node] = [:]
        func twin(_ node: Node?) -> Node? {
            guard let node else { return nil }
            if let known = nodes[ObjectIdentifier(node)] { return known }
            let bytes = keepingBytes ? node.written : node.synced ?? node.written
            let new = Node(written: bytes, synced: settled ? nil : node.synced)
            nodes[ObjectIdentifier(node)] = new
            return new
        }
        let entries = keepingEntries ? visible : durable
        for (path, node) in entries where isReachable(path, in: entries) {
            copy.visible[path] = .some(twin(node))
        }
        if settled {
            copy.durable = copy.visible
        } else {
            for (path, node) in durable { copy.durable[path] = .some(twin(node)) }
        }
        return copy
    }

    private func isReachable(_ path: String, in entries: [String: Node?]) -> Bool {
        let parent = Self.parent(of: path)
        return parent.isEmpty || entries[parent] != nil
    }

    /// Paths of all files, sorted.
    var filePaths: [String] { visible.filter { $0.value != nil }.keys.sorted() }

    /// All bytes of a file, as written.
    subscript(path: String) -> [UInt8] {
        get { visible[path].flatMap { $0 }?.written ?? [] }
        set {
            let node = Node(written: newValue)
            visible[path] = .some(node)
            durable[path] = .some(node)
        }
    }

    /// Changes bytes of a file behind everybody's back.
    func edit(_ path: String, _ body: (inout [UInt8]) -> Void) {
        guard let node = visible[path].flatMap({ $0 }) else { preconditionFailure("no \(path)") }
        node.synced = nil
        body(&node.written)
    }

    /// Takes a file away, durably.
    func forget(_ path: String) {
        visible[path] = nil
        durable[path] = nil
    }

    /// Every byte of every file, for comparing.
    var contents: [String: [UInt8]] {
        visible.compactMapValues { $0?.written }
    }

    func resetCounts() {
        counts = [:]
        callCount = 0
        changeCount = 0
        didFail = false
    }

    // MARK: Counting and failing

    private static let changes: Set<Call> = [
        .write, .writeDurably, .sync, .resize, .makeFolder, .rename, .remove, .syncFolder,
    ]

    /// Counts a call.
    /// - Returns: the fault that hits it, if it takes effect in part or in full.
    private func enter(
        _ call: Call, _ path: String, changes: Bool? = nil
    ) throws(DiskError) -> Fault? {
        guard !isStopped else { throw DiskError(Self.operation(call), EIO) }
        callCount += 1
        counts[call, default: 0] += 1
        let isChange = changes ?? Self.changes.contains(call)
        if isChange { changeCount += 1 }
        if isChange, changeCount > stopsAtChange {
            isStopped = true
            throw DiskError(Self.operation(call), EIO)
        }
        if keepsLog { log.append("\(call) \(path)") }
        guard let fault else { return nil }
        let number = fault.kind.map { counts[$0] ?? 0 } ?? changeCount
        guard number == fault.number, fault.kind.map({ $0 == call }) ?? isChange, !didFail
        else { return nil }
        didFail = true
        if let left = fault.changesUntilStop { stopsAtChange = changeCount + left }
        guard fault.takesEffect || fault.bytesKept > 0 else {
            throw DiskError(Self.operation(call), fault.code)
        }
        return fault
    }

    private func leave(_ call: Call, _ fault: Fault?) throws(DiskError) {
        if let fault { throw DiskError(Self.operation(call), fault.code) }
    }

    private static func operation(_ call: Call) -> DiskError.Operation {
        switch call {
        case .open: .open
        case .byteCount, .read, .dropCache: .read
        case .write, .writeDurably: .write
        case .sync: .sync
        case .resize: .resize
        case .list: .list
        case .kind: .kind
        case .makeFolder: .makeFolder
        case .rename: .rename
        case .remove: .remove
        case .syncFolder: .syncFolder
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[..<slash])
    }

    // MARK: FileSystem

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let isNew = visible[path] == nil
        let fault = try enter(.open, path, changes: isNew && mode.existence != .mustExist)
        if case .some(.none) = visible[path] { throw DiskError(.open, EISDIR) }
        switch mode.existence {
        case .mustExist where isNew: throw DiskError(.open, ENOENT)
        case .mustBeNew where !isNew: throw DiskError(.open, EEXIST)
        default: break
        }
        let parent = Self.parent(of: path)
        guard parent.isEmpty || visible[parent] != nil else { throw DiskError(.open, ENOENT) }
        let node = visible[path].flatMap { $0 } ?? Node()
        visible[path] = .some(node)
        try leave(.open, fault)
        return MemoryFile(node, path, isWritable: mode.isWritable, of: self)
    }

    func list(_ folder: String) throws(DiskError) -> [String] {
        _ = try enter(.list, folder)
        guard folder.isEmpty || visible[folder] != nil else { throw DiskError(.list, ENOENT) }
        return visible.keys.filter { Self.parent(of: $0) == folder }
            .map { folder.isEmpty ? $0 : String($0.dropFirst(folder.count + 1)) }.sorted()
    }

    func kind(of path: String) throws(DiskError) -> EntryKind? {
        _ = try enter(.kind, path)
        if path.isEmpty { return rootKind }
        return visible[path].map { $0 == nil ? .folder : .file }
    }

    func makeFolder(_ path: String) throws(DiskError) {
        let fault = try enter(.makeFolder, path)
        if path.isEmpty { rootKind = .folder }
        guard visible[path] == nil else { throw DiskError(.makeFolder, EEXIST) }
        if !path.isEmpty { visible[path] = .some(nil) }
        try leave(.makeFolder, fault)
    }

    func rename(_ path: String, to target: String) throws(DiskError) {
        let fault = try enter(.rename, "\(path) \(target)")
        guard let node = visible[path] else { throw DiskError(.rename, ENOENT) }
        visible[path] = nil
        visible[target] = node
        try leave(.rename, fault)
    }

    func remove(_ path: String) throws(DiskError) {
        let fault = try enter(.remove, path)
        guard visible[path] != nil else { throw DiskError(.remove, ENOENT) }
        visible[path] = nil
        try leave(.remove, fault)
    }

    func syncFolder(_ path: String) throws(DiskError) {
        let fault = try enter(.syncFolder, path)
        for entry in Set(visible.keys).union(durable.keys) where Self.parent(of: entry) == path {
            durable[entry] = visible[entry]
        }
        try leave(.syncFolder, fault)
    }

    func lock(_ path: String) throws(DiskError) -> any FileLock { MemoryLock() }

    func avoidCopyOnWrite(in folder: String) -> Bool {
        if keepsLog { log.append("avoidCopyOnWrite \(folder)") }
        return canStopCopying
    }

    func traits() throws(DiskError) -> DiskTraits { device }

    private final class MemoryLock: FileLock {
        func unlock() {}
    }

    // MARK: File

    private final class MemoryFile: File, @unchecked Sendable {
        private let node: Node
        private let path: String
        private let isWritable: Bool
        private let owner: MemoryFileSystem
        private var isClosed = false

        init(_ node: Node, _ path: String, isWritable: Bool, of owner: MemoryFileSystem) {
            self.node = node
            self.path = path
            self.isWritable = isWritable
            self.owner = owner
            owner.openFileCount += 1
        }

        private func enter(_ call: Call) throws(DiskError) -> Fault? {
            guard !isClosed else { throw DiskError(MemoryFileSystem.operation(call), EBADF) }
            return try owner.enter(call, path)
        }

        func byteCount() throws(DiskError) -> Int {
            _ = try enter(.byteCount)
            return node.written.count
        }

        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            _ = try enter(.read)
            var end = min(fileOffset + bytes.byteCount, node.written.count)
            if let stop = owner.readEnd, stop.path == path { end = min(end, stop.offset) }
            guard fileOffset < end else { return 0 }
            node.written.withRawSpan { bytes.copy($0.extracting(fileOffset..<end), at: 0) }
            return end - fileOffset
        }

        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            try write(bytes, at: fileOffset, call: .write)
        }

        func writeDurably(
            _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
        ) throws(DiskError) {
            try write(bytes, at: fileOffset, call: .writeDurably)
        }

        private func write(_ bytes: RawSpan, at fileOffset: Int, call: Call) throws(DiskError) {
            let fault = try enter(call)
            guard isWritable else { throw DiskError(.write, EBADF) }
            var count = bytes.byteCount
            if let fault, !fault.takesEffect { count = min(fault.bytesKept, count) }
            node.put(
                bytes.extracting(0..<count), at: fileOffset,
                isDurable: call == .writeDurably || fault != nil)
            try owner.leave(call, fault)
        }

        func sync() throws(DiskError) {
            let fault = try enter(.sync)
            node.synced = nil
            try owner.leave(.sync, fault)
        }

        func resize(to byteCount: Int) throws(DiskError) {
            let fault = try enter(.resize)
            node.keepSynced()
            let missing = byteCount - node.written.count
            if missing > 0 {
                node.written += [UInt8](repeating: 0, count: missing)
            } else {
                node.written.removeLast(-missing)
            }
            try owner.leave(.resize, fault)
        }

        func dropCache() throws(DiskError) { _ = try enter(.dropCache) }
        func map() throws(DiskError) -> any Mapping { MemoryMapping(node) }
        func close() {
            if !isClosed { owner.openFileCount -= 1 }
            isClosed = true
        }
    }
}

extension MemoryFileSystem {
    /// Shows what the file holds now, as a shared mapping does.
    fileprivate final class MemoryMapping: Mapping, @unchecked Sendable {
        private let node: Node
        let byteCount: Int

        init(_ node: Node) {
            self.node = node
            byteCount = node.written.count
        }

        func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
            node.written.withRawSpan { body($0.extracting(range)) }
        }
    }
}

/// A generator that repeats itself for a seed (SplitMix64).
final class SeededEntropy: Entropy, RandomNumberGenerator, @unchecked Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Uniform enough for tests.
    func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
