import EmakiPlatform

/// The calls through the door to the disk. Closing and unlocking change nothing on it and cannot
/// fail, so they do not count.
package enum DoorCall: UInt8, Sendable, CaseIterable {
    case open, list, kind, makeFolder, rename, remove, syncFolder, lock, traits
    case byteCount, read, write, writeDurably, sync, resize, dropCache, map

    /// It can change what is on the disk, or what of that is durable.
    var changesDisk: Bool {
        switch self {
        case .list, .kind, .traits, .byteCount, .read, .dropCache, .map: false
        default: true
        }
    }

    /// As which operation its errors are reported.
    package var operation: DiskError.Operation {
        switch self {
        case .open: .open
        case .list: .list
        case .kind: .kind
        case .makeFolder: .makeFolder
        case .rename: .rename
        case .remove: .remove
        case .syncFolder: .syncFolder
        case .lock: .lock
        case .traits: .traits
        case .byteCount, .read, .dropCache: .read
        case .write, .writeDurably: .write
        case .sync: .sync
        case .resize: .resize
        case .map: .map
        }
    }
}

/// A running hash over every call to a disk: two runs with one hash did the same.
struct TraceHash: Sendable {
    private(set) var value: UInt64

    init(seed: UInt64) { value = SeededRandom.mixed(seed) }

    mutating func add(_ number: UInt64) {
        value = SeededRandom.mixed(value ^ number) &+ 0x9e37_79b9_7f4a_7c15
    }

    mutating func add(_ number: Int) { add(UInt64(truncatingIfNeeded: number)) }

    mutating func add(_ text: String) {
        add(text.withUTF8Span { StableHash.hash($0) })
    }
}
