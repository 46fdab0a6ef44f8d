// Whether a history makes sense.
extension RunMachine {
    /// An event of a history that is about something that is not there is damage.
    func check(_ event: HistoryEvent) throws(HistoryError) {
        if case .checkpointed(let checkpoint) = event.body {
            // A history may be read from its start and a checkpoint on.
            let isNext = event.id == lastID + 1 && checkpoint.epoch == epoch + 1
            guard isNext || (lastID == 1 && event.id > 1), outcome == nil else {
                throw .malformed("event \(event.id) does not fit to what was before it")
            }
            return
        }
        guard event.id == lastID + 1 else {
            throw .disordered(expected: lastID + 1, found: event.id)
        }
        let isSound: Bool
        switch event.body {
        case .started: isSound = lastID == 0
        case .stepCompleted(let step, let attempt, _), .stepFailed(let step, let attempt, _),
            .attemptFailed(let step, let attempt, _, _), .attemptBegan(let step, let attempt, _),
            .attemptHandedOver(let step, let attempt, _):
            isSound = steps[step]?.attempt == attempt
        case .attemptStarted(let step, let attempt):
            isSound = steps[step].map { $0.attempt + 1 == attempt } ?? false
        case .timerFired(let timer): isSound = timers[timer] != nil
        case .stepCancelRequested(let id), .timerCancelled(let id): isSound = openKey(of: id) != nil
        case .childStarted(let child, _), .childClosed(let child, _):
            isSound = children[child] != nil
        case .messageAnswered(let message, _): isSound = sent[message] != nil
        case .updateCompleted(let update, _), .updateFailed(let update, _):
            isSound = openUpdates.contains(update)
        case .activated(let id): isSound = unseen.contains { $0.event.id == id }
        default: isSound = true
        }
        guard isSound, outcome == nil else {
            throw .malformed("event \(event.id) does not fit to what was before it")
        }
    }
}
