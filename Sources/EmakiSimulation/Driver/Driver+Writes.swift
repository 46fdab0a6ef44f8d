import EmakiLog
import EmakiPlatform

/// The one write that is out.
struct WriteOut {
    enum Kind {
        case group
        /// A mark's frame; its slot comes next, and names this end.
        case mark(LogEnd, isClosing: Bool)
        case slot(isClosing: Bool)
    }
    var kind: Kind
    var write: GroupWrite
    var isPerformed = false
    /// Where it went.
    var place: GatedCall?
}

/// What the driver knows about the end of the log on disk, for the receipt of the next opening.
struct LogEndKnowledge {
    /// The log ends in a mark of which both halves came back, and nothing was begun since.
    var isMarked = false
    /// That mark was a closing one.
    var isClosed = false
    /// A mark was begun after the last group that came back.
    var mayBeMarked = false
    /// A write was begun and did not come back, so a torn frame may be found.
    var mayBeTorn = false

    mutating func begin(isMark: Bool) {
        isMarked = false
        isClosed = false
        mayBeTorn = true
        if isMark { mayBeMarked = true }
    }
}

/// The commit path: `Committer.writeGroup`, `writeMark` and `settle`, in pieces.
extension Driver {
    func beginGroup() {
        guard let core, out == nil, core.hasStaged else { return }
        now += 1000
        out = WriteOut(kind: .group, write: core.beginGroup(at: now))
        reference.beginGroup()
        end.begin(isMark: false)
    }

    func beginMark(isClosing: Bool) {
        guard let core, out == nil, core.wantsMark(isClosing: isClosing) else { return }
        now += 1000
        let (frame, marked) = core.beginMark(isClosing: isClosing, at: now)
        end.begin(isMark: true)
        if let frame {
            out = WriteOut(kind: .mark(marked, isClosing: isClosing), write: frame)
        } else {
            // Without room for the frame only the slot says that the log ends here, and a slot does
            // not say that it was closed.
            out = WriteOut(kind: .slot(isClosing: false), write: core.beginSlot(marked))
        }
    }

    /// After an error nobody knows what was stored: everybody who waits is told so.
    func performWrite() {
        guard let write = out, !write.isPerformed else { return }
        do {
            lastWrite = nil
            try write.write.perform()
            out?.isPerformed = true
            out?.place = lastWrite
        } catch {
            if isDiskFull, error.isNoSpace {
                heldViolation = Violation(
                    .fullDiskStoresNothing, "a commit overwrites, and failed for lack of space")
            }
            out = nil
            core?.poison()
            counts.unknown += waiting.count
            waiting = []
            hash.add("poisoned \(error.code)")
        }
    }

    func finishWrite() throws(Violation) {
        guard let core, let write = out, write.isPerformed else { return }
        out = nil
        core.finish(write.write)
        switch write.kind {
        case .group:
            reference.finishGroup()
            if let place = write.place {
                acknowledged[place.path, default: []].append(place.range)
                groups.append((place, reference.acknowledgedEnd))
            }
            end.mayBeMarked = false
            end.mayBeTorn = false
        case .mark(let marked, let isClosing):
            out = WriteOut(kind: .slot(isClosing: isClosing), write: core.beginSlot(marked))
        case .slot(let isClosing):
            end.isMarked = true
            end.isClosed = isClosing
            end.mayBeTorn = false
            counts.marks += 1
        }
        try answerClients()
    }

    /// Brings a write that is out to its end, and writes what is staged.
    func settleWrites() throws(Violation) {
        // Each round ends a write; a mark takes two, and what is staged at most one.
        for _ in 0..<4 {
            if out == nil { beginGroup() }
            guard out != nil else { return }
            performWrite()
            try finishWrite()
        }
    }

    func mark(isClosing: Bool) throws(Violation) {
        try settleWrites()
        beginMark(isClosing: isClosing)
        for _ in 0..<2 {
            performWrite()
            try finishWrite()
        }
    }

    /// As the shell closes a log.
    func close() throws(Violation) {
        try settleWrites()
        try mark(isClosing: true)
        guard !isStopped, let core else { return }
        if !core.isPoisoned, !waiting.isEmpty || reference.hasStaged {
            throw Violation(.closeLeavesNothing, "closed with \(waiting.count) waiting")
        }
        core.closeFiles()
        endLife()
        isClosed = true
    }
}
