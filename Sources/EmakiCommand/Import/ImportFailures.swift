import EmakiCommandSupport
import EmakiLog

/// What only an import has to explain.
extension CommandFailure {
    /// A record that does not follow the last event of its stream.
    init(missing versions: ClosedRange<UInt64>, of stream: StreamID, closesGaps: Bool) {
        let (first, last) = (versions.lowerBound, versions.upperBound)
        let advice =
            closesGaps
            ? "lines before it were refused; correct those and import again"
            : "they are missing in the input, or their lines were refused; add them, or import with"
                + " --close-gaps to store this as version \(first)"
        self.init(
            .partlyDone, code: "missingVersions",
            "stream \"\(stream)\" has no versions \(first) to \(last), which come before this"
                + " event: \(advice)")
        var object = JSONObject()
        object.add("stream", stream.text)
        object.add("firstMissing", first)
        object.add("lastMissing", last)
        details = object.members
    }

    /// What ended an import before its input did.
    init(endingImport error: LogError) {
        self.init(error)
        // These two say that nothing was written, which is true of one append.
        let cause =
            switch error {
            case .noSpace: "the disk is full; free space"
            case .readOnly: "the file system is mounted for reading only; mount it for writing"
            default: message
            }
        message =
            "the import ended before its input: \(cause); then import again: what is stored already"
            + " is not stored twice"
    }
}
