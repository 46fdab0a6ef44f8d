import EmakiPlatform

/// What is not in the log any more, whether it was looked at before or not.
extension Projection {
    /// What has not come in yet of the workflow's runs up to there may be removed before it does.
    mutating func deleteRuns(of id: [UInt8], at position: UInt64) {
        id.withRawSpan { id in
            ended.deleted(id, at: position)
            while let number = runs.find(id, where: { hasBegun($0, before: position) }) {
                remove(number)
            }
        }
    }

    /// A deleted workflow is gone altogether, and nothing that is left says so.
    /// - Parameter runIDs: of the runs that it had.
    mutating func isGone(_ workflowID: String, _ deletion: String, _ runIDs: [String]) {
        debts.remove(workflowID + "/" + deletion)
        // How its runs ended is counted still.
        hasOldEndings = true
        workflowID.withUTF8Span { id in
            for runID in runIDs { runID.withUTF8Span { isGone(id, $0) } }
        }
    }

    /// A run has ended and is removed, maybe before its end came in here.
    mutating func isGone(_ id: RawSpan, _ runID: RawSpan) {
        ended.lost(id, runID, .max)
        if let number = runs.find(id, runID) { remove(number) }
    }

    /// What was copied ahead for a run that did not begin was removed.
    mutating func isGone(_ run: Unbegun) {
        let number = run.workflowID.withUTF8Span { id in
            run.runID.withUTF8Span { runs.find(id, $0) }
        }
        if let number, unbegun[number] != nil { remove(number) }
    }

    private func hasBegun(_ number: Int, before position: UInt64) -> Bool {
        runs[number].begunAt < position && (unbegun.isEmpty || unbegun[number] == nil)
    }
}
