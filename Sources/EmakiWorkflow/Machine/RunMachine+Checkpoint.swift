// Beginning anew from a state, with what is to be remembered.
extension RunMachine {
    /// Bytes of answers that a checkpoint remembers.
    static let keptAnswerBytesMax = 16 << 10

    /// What a checkpoint holds beside the code's state: the newest requests and answers, as far as
    /// they fit, and what goes on without the code.
    func checkpoint(_ state: Payload, patches: [String]) -> RunCheckpoint {
        var checkpoint = RunCheckpoint(epoch: epoch + 1, state: state, patches: patches)
        checkpoint.fingerprint = fingerprint
        checkpoint.isCancelRequested = isCancelRequested
        checkpoint.requests = requestsToKeep.map {
            RunCheckpoint.Request(name: $0, event: requests[$0] ?? 0)
        }
        let known = Set(checkpoint.requests.map(\.event))
        var byteCount = 0
        for (update, answer) in updateAnswers.sorted(by: { $0.key > $1.key })
        where known.contains(update) {
            let body: HistoryEvent.Body =
                switch answer {
                case .success(let payload): .updateCompleted(update: update, payload)
                case .failure(let failure): .updateFailed(update: update, failure)
                }
            byteCount += HistoryEvent.wire(body).count
            guard byteCount <= Self.keptAnswerBytesMax else { break }
            checkpoint.answers.append(RunCheckpoint.Answer(update: update, body: body))
        }
        for (event, child) in children.sorted(by: { $0.key < $1.key }) {
            guard let runID = child.runID else { continue }
            // What it is to be started with is not asked for any more.
            var start = child.start
            start.options = RunOptions()
            start.input = .empty
            checkpoint.children.append(
                RunCheckpoint.Child(event: event, start: start, runID: runID))
        }
        return checkpoint
    }
}
