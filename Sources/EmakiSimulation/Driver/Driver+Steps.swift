import EmakiLog

/// What each step does.
extension Driver {
    func perform(_ step: Step) throws(Violation) {
        switch step {
        case .crash(let call, let fate): arm((call, fate))
        case .kill(let call): kill(at: call)
        case .fault(let fault): setFaults(fault)
        case .reopen:
            if core != nil { stopProcess() }
            _ = try isOpen()
        default:
            guard try isOpen() else { return }
            try performOpen(step)
        }
    }

    /// Steps that need the log.
    private func performOpen(_ step: Step) throws(Violation) {
        switch step {
        case .stage(let batch): try offer(materialize(batch))
        case .append(let batch):
            try offer(materialize(batch))
            try settleWrites()
        case .retry(let back, let changed): try retry(back: back, changed: changed)
        case .fill(let blocks): try fill(blocksLeft: blocks)
        case .read: try read()
        case .follow(let follower): try follow(follower)
        case .begin: beginGroup()
        case .beginMark: beginMark(isClosing: false)
        case .perform: performWrite()
        case .finish: try finishWrite()
        case .write:
            beginGroup()
            performWrite()
            try finishWrite()
        case .idle: try mark(isClosing: false)
        case .prepare(let paused): try prepare(paused: paused)
        case .advance(let calls): allowance = allowance.map { $0 + calls }
        case .retire(let keeping): try retire(keeping: keeping)
        case .seal(let keeping): try seal(keeping: keeping)
        case .merge: try merge()
        case .truncate(let stream, let keeping): try remove(stream, keeping: keeping)
        case .delete(let stream): try remove(stream, keeping: nil)
        case .purge(let stream): try purge(stream)
        case .forget(let stream): try forget(stream)
        case .expire(let stream, let instant): try expire(stream, at: instant)
        case .removeExpired(let instant): try removeExpired(at: instant)
        case .snapshot(let stream, let bytes): try snapshot(stream, payloadBytes: bytes)
        case .close: try close()
        case .reopen, .crash, .kill, .fault: break
        }
    }
}
