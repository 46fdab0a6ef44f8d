import EmakiPlatform

/// What is not in the log any more, whether it was looked at before or not.
extension Projection {
    /// Runs that have ended are gone, with their workflow.
    /// - Parameter deletion: its name, if the id's records are gone too, so that nothing is left to
    ///   say so.
    mutating func areGone(_ workflowID: String, _ runIDs: [String], deletion: String?) {
        if let deletion { debts.remove(workflowID + "/" + deletion) }
        // How they ended is counted still.
        hasOldEndings = true
        workflowID.withUTF8Span { id in
            for runID in runIDs { runID.withUTF8Span { isGone(id, $0) } }
        }
    }

    /// A run has ended and is removed, maybe before its end came in here.
    mutating func isGone(_ id: RawSpan, _ runID: RawSpan) {
        ended.isGone(id, runID)
        if let number = runs.find(id, runID) { remove(number) }
    }

    /// What was copied ahead for a run that did not begin was removed.
    mutating func isGone(_ run: Unbegun) {
        let number = run.workflowID.withUTF8Span { id in
            run.runID.withUTF8Span { runs.find(id, $0) }
        }
        if let number, unbegun[number] != nil { remove(number) }
    }
}
