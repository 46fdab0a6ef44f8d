import EmakiLog
import EmakiPlatform

/// What takes a stream's last bytes, and its last trace: as `EventLog.purge(_:)` and
/// `EventLog.forget(_:)` do it.
extension Driver {
    // MARK: Purge

    /// Deletes a stream, and makes everything anew that holds something of it, or may.
    func purge(_ name: String) throws(Violation) {
        let stream = StreamID(stringLiteral: name)
        try remove(name, keeping: nil)
        try settleWrites()
        guard let core, canMaintain(core), reference.isDeletedForGood(stream) else { return }
        let strikes = disk.faults.strikeCount
        defer { core.endPurge() }
        // Zeros that are on their way may be torn, too. What a cut then takes at the beginning of a
        // segment that was not used yet is nothing.
        let mayBeTorn = end.mayBeTorn
        end.mayBeTorn = true
        do throws(DiskError) { try core.beginPurge() } catch { return hash.add("not cleaned") }
        end.mayBeTorn = mayBeTorn
        guard try erase(stream, core), self.core === core, !isStopped else { return }
        counts.purges += 1
        let mayBeLeft = mayBeDamaged || isLying || disk.faults.strikeCount > strikes
        if !mayBeLeft { try checkErased(stream) }
    }

    /// - Returns: false if something was in the way.
    private func erase(_ stream: StreamID, _ core: LogCore) throws(Violation) -> Bool {
        let version = reference.head(of: stream)
        try offerAgain(of: stream, through: version, ending: true)
        guard try leaveSegment(core) else { return false }
        try seal(keeping: 0)
        guard canMaintain(core), core.fullSegments.isEmpty else { return false }
        let end = core.nextSealedNumber
        // Each time one file less holds it.
        var isLeft = true
        for _ in 0...core.sealedFileCount where isLeft {
            isLeft = false
            try maintain(\.merges) { () throws(LogError) in
                isLeft = try core.rewriteFile(
                    before: end, with: stream, through: StreamVersion(version))
                return isLeft
            }
            guard canMaintain(core) else { return false }
        }
        do throws(DiskError) { try core.cleanSpareFiles() } catch { return false }
        try offerAgain(of: stream, through: version, ending: false)
        return canMaintain(core) && !isLeft
    }

    private func canMaintain(_ core: LogCore) -> Bool {
        self.core === core && !core.isPoisoned && out == nil && !isStopped
    }

    private func offerAgain(
        of stream: StreamID, through version: UInt64, ending: Bool
    ) throws(Violation) {
        try offer(orLookUp: { core throws(LogError) in
            try core.offerAgain(of: stream, through: StreamVersion(version), ending: ending)
        }) { answer throws(Violation) in
            guard case .staged(let positions, let versions) = answer else { return }
            try reference.expectStaged(
                "a repeated removal", of: stream, at: positions, versions, if: true)
            reference.stage(ending ? .delete : .truncate, of: stream, through: version)
        }
        try settleWrites()
    }

    /// Goes on in the next segment.
    private func leaveSegment(_ core: LogCore) throws(Violation) -> Bool {
        guard canMaintain(core) else { return false }
        let number = core.activeNumber
        if !core.leaveSegment(number) {
            try prepare(paused: false)
            guard canMaintain(core), core.leaveSegment(number) else { return false }
        }
        // What marked the end may be sealed with the segment, and is not at the end any more.
        if core.activeNumber != number {
            end.isMarked = false
            end.isClosed = false
        }
        return true
    }

    /// Events have ids of which a half is their stream's own: it is looked for in every file.
    private func checkErased(_ stream: StreamID) throws(Violation) {
        let mark = StableHash.hash(stream)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: mark >> (8 * UInt64($0))) }
        let contents = disk.contents()
        for path in contents.visible.keys.sorted() {
            guard contents.bytes(of: path)?.holds(bytes) == true else { continue }
            throw Violation(.erasedIsGone, "\(path) holds an id of \(stream), which was purged")
        }
    }

    // MARK: Forget

    /// Forgets a stream, if it is deleted; what has to go first goes.
    func forget(_ name: String) throws(Violation) {
        let stream = StreamID(stringLiteral: name)
        try settleWrites()
        guard let core else { return }
        var cleanFrom = UInt64.max
        var hasSealed = false
        for _ in 0...core.sealedFileCount + 4 {
            guard canMaintain(core), let obstacle = try forgetOnce(stream, core, cleanFrom) else {
                return
            }
            switch obstacle {
            case .unsealed:
                guard !hasSealed, try leaveSegment(core) else { return }
                hasSealed = true
                try seal(keeping: 0)
            case .file(let number):
                if cleanFrom == .max { cleanFrom = core.nextSealedNumber }
                try maintain(\.merges) { () throws(LogError) in
                    try core.merge(rewriting: number)
                }
            }
        }
    }

    /// - Returns: what has to go first; nil: it is forgotten, or cannot be.
    private func forgetOnce(
        _ stream: StreamID, _ core: LogCore, _ cleanFrom: UInt64
    ) throws(Violation) -> ForgettingObstacle? {
        let head = reference.head(of: stream)
        let isDeleted = reference.isDeleted(stream)
        if isDeleted { reference.beginForgetting(stream) }
        var obstacle: ForgettingObstacle?
        var wrong: LogError?
        try maintain(\.forgettings) { () throws(LogError) in
            do throws(LogError) {
                obstacle = try core.forget([stream], cleanFrom: cleanFrom)
            } catch {
                guard case .notDeleted(stream, let version) = error else { throw error }
                if isDeleted || version.rawValue != head { wrong = error }
                return false
            }
            guard obstacle == nil, isDeleted else { return false }
            reference.forget(stream)
            return true
        }
        if let wrong { throw Violation(.expectationsHold, "\(wrong), where it is at \(head)") }
        return obstacle
    }
}

extension [UInt8] {
    /// Whether these bytes are somewhere in it.
    fileprivate func holds(_ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, count >= wanted.count else { return false }
        return withRawSpan { bytes in
            for start in 0...count - wanted.count where bytes.loadUInt8(at: start) == first {
                if wanted.indices.allSatisfy({ bytes.loadUInt8(at: start + $0) == wanted[$0] }) {
                    return true
                }
            }
            return false
        }
    }
}
