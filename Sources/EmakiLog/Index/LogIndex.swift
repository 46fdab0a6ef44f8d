import EmakiPlatform

/// The index of what is not sealed: head version and events of every stream, and the place of every
/// position. Flat memory: 8 bytes for a position, about 5 for its entry in the stream, about 130
/// for a stream (`Docs/architecture.md` adds it up).
///
/// Staged events are in it at once, so that the next expectation is checked against them. Readers
/// see only what lies below the durable position that they pass.
struct LogIndex: ~Copyable {
    /// Where an event's record is: a segment's number, and an offset in it.
    struct Place: Equatable {
        var segment: UInt64
        var offset: Int
    }

    private struct Stream {
        var hash: UInt64 = 0
        var id: UnitArena.Reference = .none
        var idBytes: UInt8 = 0
        /// It is in `idle`: nothing of it is here but its head.
        var isIdle = false
        /// Its head was asked for since the last look for one to forget.
        var isWarm = false
        /// Events the stream has had, staged ones included.
        var head: UInt64 = 0
        /// Version of the oldest event in `events`; head + 1 if it is empty.
        var first: UInt64 = 1
        var events = EventList.empty
    }

    /// Marks a version that a repair declared lost. Other entries are the low 31 bits of a
    /// position.
    private static let lostWord = UInt32.max
    private static let positionMask: UInt32 = 0x7FFF_FFFF

    private var places: PagedQueue<UInt64>
    private var streams = PagedMemory<Stream>(filling: Stream(), pageShift: 10)
    private var freeSlots: [UInt32] = []
    /// Streams of which only the head is here, and where the search for one to forget goes on.
    private var idle: ContiguousArray<UInt32> = []
    private var idleHand = 0
    /// So many heads of streams without events are kept.
    var idleHeadsMax = 0
    private var directory = StreamDirectory()
    private var lists = UnitArena()
    private var ids = UnitArena()
    /// Counts removals, which move what bookmarks point to.
    private var generation: UInt64 = 0

    /// So many events can be told apart.
    private let eventsMax: Int

    /// An index whose first event will be at `start`.
    init(startingAt start: Position, eventsMax: Int = Limits.unsealedEventsMax) {
        self.eventsMax = eventsMax
        places = PagedQueue(filling: 0, pageShift: 12, startingAt: start.rawValue)
    }

    var positions: Range<Position> {
        Position(places.range.lowerBound)..<Position(places.range.upperBound)
    }
    var eventCount: Int { places.range.count }
    func hasRoom(for eventCount: Int) -> Bool { self.eventCount + eventCount <= eventsMax }
    var streamCount: Int { directory.count }
    var allocatedBytes: Int {
        places.allocatedBytes + streams.allocatedBytes + directory.allocatedBytes
            + lists.allocatedBytes + ids.allocatedBytes
    }

    // MARK: Streams

    /// A stream's slot, for the calls below; valid until the next removal.
    struct Slot { fileprivate var index: Int }

    /// The slot with a number below `slotCount`.
    func slot(_ index: Int) -> Slot { Slot(index: index) }

    func find(_ stream: borrowing StreamID) -> Slot? {
        var candidates = directory.candidates(stream.hash)
        while let index = directory.next(&candidates) {
            guard streams[index].hash == stream.hash,
                stream.text.withUTF8Span({ isID(index, equalTo: $0) })
            else { continue }
            return Slot(index: index)
        }
        return nil
    }

    func find(_ section: SectionHeader) -> Slot? {
        section.image.withBytes(in: section.streamIDRange) { find($0, hash: StableHash.hash($0)) }
    }

    private func find(_ id: borrowing RawSpan, hash: UInt64) -> Slot? {
        var candidates = directory.candidates(hash)
        while let index = directory.next(&candidates) {
            if streams[index].hash == hash, isID(index, equalTo: id) { return Slot(index: index) }
        }
        return nil
    }

    private func isID(_ index: Int, equalTo id: borrowing RawSpan) -> Bool {
        guard Int(streams[index].idBytes) == id.byteCount else { return false }
        let start = streams[index].id.firstWord
        let wholeWords = id.byteCount / 4
        for word in 0..<wholeWords where ids[start + word] != id.loadUInt32(at: word * 4) {
            return false
        }
        let rest = wholeWords * 4..<id.byteCount
        return rest.isEmpty || ids[start + wholeWords] == Self.word(of: id, in: rest)
    }

    /// Up to four bytes as a little-endian word.
    private static func word(of id: borrowing RawSpan, in range: Range<Int>) -> UInt32 {
        var value: UInt32 = 0
        for index in range.reversed() { value = value << 8 | UInt32(id.loadUInt8(at: index)) }
        return value
    }

    /// A stream's slot, if it has one, and its version, staged events included.
    mutating func lookUp(_ stream: borrowing StreamID) -> (slot: Slot?, head: StreamVersion) {
        guard let slot = find(stream) else { return (nil, .none) }
        if streams[slot.index].isIdle { streams[slot.index].isWarm = true }
        return (slot, head(slot))
    }

    mutating func findOrAdd(_ stream: borrowing StreamID) -> Slot {
        if let slot = find(stream) { return slot }
        return stream.text.withUTF8Span { add($0, hash: stream.hash) }
    }

    mutating func findOrAdd(_ section: SectionHeader) -> Slot {
        if let slot = find(section) { return slot }
        return section.image.withBytes(in: section.streamIDRange) {
            add($0, hash: StableHash.hash($0))
        }
    }

    private mutating func add(_ id: borrowing RawSpan, hash: UInt64) -> Slot {
        var stream = Stream()
        stream.hash = hash
        stream.idBytes = UInt8(id.byteCount)
        stream.id = ids.allocate(sizeClass: Self.idClass(byteCount: id.byteCount))
        let start = stream.id.firstWord
        for word in 0..<(id.byteCount + 3) / 4 {
            let range = word * 4..<min(id.byteCount, word * 4 + 4)
            ids[start + word] = Self.word(of: id, in: range)
        }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = Int(free)
            streams[slot] = stream
        } else {
            slot = streams.count
            streams.append(stream)
        }
        directory.insert(slot, hash: hash) { streams[$0].hash }
        return Slot(index: slot)
    }

    private static func idClass(byteCount: Int) -> Int {
        var sizeClass = 0
        while UnitArena.unitWords << sizeClass * 4 < byteCount { sizeClass += 1 }
        return sizeClass
    }

    // MARK: Adding events

    /// Events the stream has had, staged ones included.
    func head(_ slot: Slot) -> StreamVersion { StreamVersion(streams[slot.index].head) }

    /// Version of the stream's oldest event here, staged ones included; nil if none is.
    func firstVersion(_ slot: Slot) -> StreamVersion? {
        let stream = streams[slot.index]
        return stream.events.isEmpty ? nil : StreamVersion(stream.first)
    }

    /// Adds the next event of a stream; its position is the end of `positions`.
    mutating func add(to slot: Slot, place: Place) {
        let position = places.range.upperBound
        precondition(place.offset < 1 << 31, "offsets stay below the largest segment")
        places.append(place.segment << 31 | UInt64(place.offset))
        streams[slot.index].head += 1
        let word = UInt32(truncatingIfNeeded: position) & Self.positionMask
        streams[slot.index].events.append(word, in: &lists)
    }

    /// Lets a stream's next event be `version`: what is missing before it was retired (if nothing
    /// of the stream is here), or lost.
    /// - Returns: false if that cannot be.
    mutating func advance(
        _ slot: Slot, toBefore version: StreamVersion, mayStartLater: Bool, lostCountMax: UInt64
    ) -> Bool {
        let head = streams[slot.index].head
        guard version.rawValue != head + 1 else { return true }
        guard version.rawValue > head, version.rawValue <= FrameHeader.positionMax else {
            return false
        }
        if head == 0 && mayStartLater {
            streams[slot.index].head = version.rawValue - 1
            streams[slot.index].first = version.rawValue
            return true
        }
        let missing = version.rawValue - 1 - head
        guard missing <= lostCountMax else { return false }
        for _ in 0..<missing { streams[slot.index].events.append(Self.lostWord, in: &lists) }
        streams[slot.index].head += missing
        return true
    }

    /// A position without an event, because it was lost or is a removal's: it is counted and leads
    /// nowhere.
    mutating func addEmptyPosition() { places.append(.max) }

    // MARK: Reading

    func place(at position: Position) -> Place? {
        let word = places[position.rawValue]
        return word == .max ? nil : Place(segment: word >> 31, offset: Int(word & 0x7FFF_FFFF))
    }

    /// What a reader finds at one version of a stream.
    enum Entry: Equatable {
        case event(Position)
        case lost
    }

    /// Where a visit that was stopped goes on, without finding its place again.
    struct Bookmark {
        fileprivate var slot: Int
        fileprivate var version: UInt64
        fileprivate var cursor: EventCursor
        fileprivate var generation: UInt64
    }

    func visit(
        _ slot: Slot, from version: StreamVersion, backwards: Bool, durable: Position,
        _ body: (StreamVersion, Entry) -> Bool
    ) {
        var bookmark: Bookmark?
        visit(
            slot, from: version, backwards: backwards, durable: durable, bookmark: &bookmark, body)
    }

    /// Calls `body` with the durable events of a stream from `version` on, in either direction,
    /// until it returns false.
    /// - Parameter bookmark: of the visit before, whose last event is right before this one's
    ///   first; gets the place where this visit stopped.
    func visit(
        _ slot: Slot, from version: StreamVersion, backwards: Bool, durable: Position,
        bookmark: inout Bookmark?, _ body: (StreamVersion, Entry) -> Bool
    ) {
        let stream = streams[slot.index]
        guard !stream.events.isEmpty else { return }
        let last = durableHead(slot, durable: durable).rawValue
        var current = backwards ? min(version.rawValue, last) : max(version.rawValue, stream.first)
        guard current >= stream.first, current <= last else { return }
        var cursor: EventCursor
        if let known = bookmark, known.slot == slot.index, known.version == current,
            known.generation == generation
        {
            cursor = known.cursor.following(stream.events)
        } else {
            cursor = self.cursor(in: stream, at: current)
        }
        bookmark = nil
        while current >= stream.first, current <= last, let word = cursor.word(in: lists) {
            let entry: Entry = word == Self.lostWord ? .lost : .event(position(of: word))
            let goesOn = body(StreamVersion(current), entry)
            if backwards {
                current -= 1
                cursor.retreat(by: 1, in: lists)
            } else {
                current += 1
                cursor.advance(by: 1, in: lists)
            }
            guard goesOn else {
                let isInside = cursor.word(in: lists) != nil
                bookmark =
                    isInside
                    ? Bookmark(
                        slot: slot.index, version: current, cursor: cursor, generation: generation)
                    : nil
                return
            }
        }
    }

    private func cursor(in stream: Stream, at version: UInt64) -> EventCursor {
        if version - stream.first <= stream.head - version {
            var cursor = EventCursor(atFirstOf: stream.events)
            cursor.advance(by: Int(version - stream.first), in: lists)
            return cursor
        }
        var cursor = EventCursor(atLastOf: stream.events)
        cursor.retreat(by: Int(stream.head - version), in: lists)
        return cursor
    }

    /// The stream's version as far as it is durable.
    /// - Complexity: O(events of the stream that are staged and not yet durable).
    func durableHead(_ slot: Slot, durable: Position) -> StreamVersion {
        let stream = streams[slot.index]
        guard !stream.events.isEmpty else { return StreamVersion(stream.head) }
        var head = stream.head
        var cursor = EventCursor(atLastOf: stream.events)
        while let word = cursor.word(in: lists), word != Self.lostWord,
            position(of: word) >= durable
        {
            head -= 1
            cursor.retreat(by: 1, in: lists)
        }
        return StreamVersion(head)
    }

    /// Position of the stream's newest event, staged ones included; nil if none is held.
    func lastPosition(_ slot: Slot) -> Position? {
        let stream = streams[slot.index]
        guard let word = EventCursor(atLastOf: stream.events).word(in: lists),
            word != Self.lostWord
        else { return nil }
        return position(of: word)
    }

    /// The full position of an entry: positions that are held span less than 2^31.
    private func position(of word: UInt32) -> Position {
        let start = places.range.lowerBound
        let distance = (word &- UInt32(truncatingIfNeeded: start)) & Self.positionMask
        return Position(start + UInt64(distance))
    }

    // MARK: Listing

    /// Number of slots that `id(atSlot:)` may be asked for.
    var slotCount: Int { streams.count }

    /// Id and durable version of the stream in a slot; nil if the slot is free, if nothing of the
    /// stream is durable, or if the id does not start with `prefix`.
    func stream(
        atSlot index: Int, prefix: borrowing RawSpan, durable: Position
    ) -> (id: [UInt8], version: StreamVersion)? {
        let stream = streams[index]
        guard stream.idBytes > 0, Int(stream.idBytes) >= prefix.byteCount else { return nil }
        let start = stream.id.firstWord
        func byte(_ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: ids[start + index / 4] >> (index % 4 * 8))
        }
        for index in 0..<prefix.byteCount where byte(index) != prefix.loadUInt8(at: index) {
            return nil
        }
        let version = durableHead(Slot(index: index), durable: durable)
        guard version > .none else { return nil }
        return ((0..<Int(stream.idBytes)).map(byte), version)
    }

    // MARK: Retiring

    /// Forgets the oldest event, whose record says which stream it belongs to.
    mutating func dropFirst(section: SectionHeader) {
        generation += 1
        defer { places.dropFirst(upTo: places.range.lowerBound + 1) }
        guard let slot = find(section) else { return }
        // Lost versions before the event go with it.
        while let word = EventCursor(atFirstOf: streams[slot.index].events).word(in: lists) {
            streams[slot.index].events.dropFirst(in: &lists)
            streams[slot.index].first += 1
            if word != Self.lostWord { break }
        }
        if streams[slot.index].events.isEmpty { becomeIdle(slot) }
    }

    /// Forgets the oldest position, which has no event.
    mutating func dropFirstEmpty() { places.dropFirst(upTo: places.range.lowerBound + 1) }

    private mutating func remove(_ slot: Slot) {
        directory.remove(slot.index, hash: streams[slot.index].hash)
        ids.free(streams[slot.index].id)
        streams[slot.index] = Stream()
        freeSlots.append(UInt32(slot.index))
    }

    // MARK: Heads of streams that are not here

    /// Takes in what sealed files say of a stream that is not here: its version, or that it has
    /// none.
    /// - Parameter atLeast: so many heads are kept, whatever `idleHeadsMax` says: a batch needs
    ///   those of all its streams at once.
    mutating func learn(_ stream: borrowing StreamID, head: StreamVersion, keeping atLeast: Int) {
        guard find(stream) == nil else { return }
        let slot = findOrAdd(stream)
        streams[slot.index].head = head.rawValue
        streams[slot.index].first = head.rawValue + 1
        // It was asked for, and is used soon.
        becomeIdle(slot, isWarm: true, keeping: atLeast)
    }

    private mutating func becomeIdle(
        _ slot: Slot, isWarm: Bool = false, keeping atLeast: Int = 0
    ) {
        streams[slot.index].isWarm = isWarm
        guard !streams[slot.index].isIdle else { return }
        streams[slot.index].isIdle = true
        idle.append(UInt32(slot.index))
        while idle.count > max(idleHeadsMax, atLeast) { forgetOneIdle() }
    }

    /// A stream of which nothing is anywhere any more is as one that was never written.
    /// - Precondition: it has no event here.
    mutating func forgetHead(of stream: borrowing StreamID) {
        guard let slot = find(stream) else { return }
        precondition(streams[slot.index].events.isEmpty, "what is forgotten has no events")
        streams[slot.index].head = 0
        streams[slot.index].first = 1
    }

    private static let idlePassedMax = 64

    /// Forgets the heads of all streams without events.
    mutating func forgetIdle() {
        for index in idle.indices { streams[Int(idle[index])].isWarm = false }
        while !idle.isEmpty { forgetOneIdle() }
    }

    /// Takes one stream out of `idle`: the next that was not asked for since the hand last passed
    /// (the clock algorithm: Corbató, 1968), or one that has events again and is kept.
    private mutating func forgetOneIdle() {
        var passedCount = 0
        while true {
            if idleHand >= idle.count { idleHand = 0 }
            let index = Int(idle[idleHand])
            let hasEvents = !streams[index].events.isEmpty
            // Not so many that an append would wait for it.
            if !hasEvents, streams[index].isWarm, passedCount < Self.idlePassedMax {
                streams[index].isWarm = false
                idleHand += 1
                passedCount += 1
                continue
            }
            idle[idleHand] = idle[idle.count - 1]
            idle.removeLast()
            streams[index].isIdle = false
            if !hasEvents {
                generation += 1
                remove(Slot(index: index))
            }
            return
        }
    }
}
