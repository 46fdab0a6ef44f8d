import EmakiPlatform

/// One write of the commit path, planned by the core and performed without its lock: a group's
/// frame, or an idle slot.
package struct GroupWrite: Sendable {
    let segment: Segment
    let range: Range<Int>
    /// What is written, and where it starts there: the segment's image, or a buffer of its own.
    let bytes: PageMemory
    let bytesStart: Int
    let method: SyncMethod
    /// What is durable once this is.
    let end: LogEnd
    let eventCount: Int

    /// Exactly one system call with direct I/O; durable on return.
    /// - Throws: what the disk said. The log must be poisoned then.
    package func perform() throws(DiskError) {
        let range = bytesStart..<bytesStart + range.count
        try bytes.withBytes(in: range) { (bytes: RawSpan) throws(DiskError) in
            try segment.file.writeDurably(bytes, at: self.range.lowerBound, by: method)
        }
    }
}

extension LogCore {
    /// Closes the gathering group and lays it out on disk-block boundaries.
    /// - Parameter instant: ns since 1970, recorded for people.
    /// - Precondition: something is staged, and no write is out.
    package func beginGroup(at instant: Int64) -> GroupWrite {
        precondition(hasStaged && !isWriting && !isPoisoned, "one group is written at a time")
        return beginFrame(.group, at: instant)
    }

    func beginFrame(_ kind: FrameHeader.Kind, at instant: Int64) -> GroupWrite {
        let segment = active
        let header = FrameHeader(
            storeID: store.storeID, incarnation: segment.identity.incarnation,
            fileOffset: gathering.start, follows: end, commitInstant: instant,
            payloadBytes: gathering.payloadBytes, eventCount: gathering.eventCount,
            payloadChecksum: gathering.checksum, kind: kind)
        let frameEnd = gathering.start + header.paddedBytes(block: layout.blockBytes)
        let isMark = kind == .idleMark || kind == .closeMark
        // A mark also clears the block behind it, so that "nothing was written after the mark" can
        // be told from what an earlier life of the segment left there. Appends may be staged in
        // that block while the mark is out, so it is written from a buffer of its own.
        let writeEnd = isMark ? min(frameEnd + layout.blockBytes, layout.segmentBytes) : frameEnd
        let (bytes, bytesStart) = isMark ? (markBuffer, 0) : (segment.image, gathering.start)
        bytes.zero(
            bytesStart + gathering.next - gathering.start..<bytesStart + writeEnd - gathering.start)
        let checksum = header.encode(into: bytes, at: bytesStart)
        if isMark {
            // Whoever follows the frames in memory finds it in its place there, too.
            segment.image.zero(gathering.start..<frameEnd)
            _ = header.encode(into: segment.image, at: gathering.start)
        }
        staging.end = LogEnd(
            lastGroup: header.group, nextPosition: header.endPosition, frameChecksum: checksum)
        let write = GroupWrite(
            segment: segment, range: gathering.start..<writeEnd, bytes: bytes,
            bytesStart: bytesStart, method: syncMethod, end: end, eventCount: gathering.eventCount)
        staging.gathering = StagingArea.Gathering(at: frameEnd)
        isWriting = true
        writingSegment = segment.number
        lastKind = kind
        if kind == .group { leaveSegmentIfWanted() }
        return write
    }

    /// The write came back: its events are durable, and readers see them from here on.
    package func finish(_ write: GroupWrite) {
        precondition(isWriting, "only a write that is out comes back")
        isWriting = false
        durableGroup = write.end
        staging.durableEnd = write.end.nextPosition
        if !staging.removals.isEmpty {
            staging.removals.settle(durable: write.end.nextPosition)
        }
        if write.eventCount > 0 { counters.groups += 1 }
        counters.events += UInt64(write.eventCount)
        counters.writtenBytes += UInt64(write.range.count)
    }

    // MARK: Idle mark

    /// True if the log could be marked: nothing staged, nothing out, and it does not end with such
    /// a mark already.
    package func wantsMark(isClosing: Bool) -> Bool {
        let isMarked = lastKind == .closeMark || (lastKind == .idleMark && !isClosing)
        return !isMarked && !hasStaged && !isWriting && !isPoisoned && !configuration.isReadOnly
            && end.lastGroup > 0
    }

    /// Starts the mark: first the frame, then the slot (`beginSlot`), each proof by itself.
    ///
    /// The slot names the end *before* the mark's own frame, so that a mark frame that rots costs
    /// nothing and is not taken for lost data.
    /// - Returns: the frame's write, or nil if no segment has room; then only the slot is written.
    package func beginMark(isClosing: Bool, at instant: Int64) -> (frame: GroupWrite?, slot: LogEnd)
    {
        let marked = end
        if gathering.start + layout.blockBytes > layout.segmentBytes { rotateIfPossible() }
        guard gathering.start + layout.blockBytes <= layout.segmentBytes else {
            lastKind = isClosing ? .closeMark : .idleMark
            return (nil, marked)
        }
        return (beginFrame(isClosing ? .closeMark : .idleMark, at: instant), marked)
    }

    /// The second half of a mark; call it when the frame's write came back and nothing is out.
    package func beginSlot(_ marked: LogEnd) -> GroupWrite {
        precondition(!isWriting, "the slot is written after the mark's frame")
        isWriting = true
        writingSegment = active.number
        counters.marks += 1
        let offset = layout.idleSlotOffset(nextIdleSlot)
        nextIdleSlot = 1 - nextIdleSlot
        IdleSlot.encode(
            marked, of: active.identity, blockBytes: layout.blockBytes, into: active.image,
            at: offset)
        return GroupWrite(
            segment: active, range: offset..<offset + layout.blockBytes, bytes: active.image,
            bytesStart: offset, method: syncMethod, end: end, eventCount: 0)
    }

    /// Performs a mark at once, for callers that hold the core alone.
    package func mark(isClosing: Bool, at instant: Int64) throws(DiskError) {
        let (frame, marked) = beginMark(isClosing: isClosing, at: instant)
        if let frame { try perform(frame) }
        try perform(beginSlot(marked))
    }

    /// Writes everything staged, for callers that hold the core alone.
    package func commit(at instant: Int64) throws(DiskError) {
        while hasStaged { try perform(beginGroup(at: instant)) }
    }

    private func perform(_ write: GroupWrite) throws(DiskError) {
        do {
            try write.perform()
        } catch {
            poison()
            throw error
        }
        finish(write)
    }
}
