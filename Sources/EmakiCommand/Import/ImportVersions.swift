import EmakiCommandSupport
import EmakiLog

/// Where each stream of records is in the input: the version of a record that does not say its
/// own, and the version that a record gets in the store.
struct ImportVersions {
    /// Whether versions that are missing in the input are passed over.
    let closesGaps: Bool
    /// The newest version of each stream in this file.
    private var newest: [StreamID: UInt64] = [:]
    /// Streams of which a malformed line may hold the next event.
    private var hidden: Set<StreamID> = []
    private var isEveryStreamHidden = false
    /// Of each stream, in order; one more for each gap. Kept from file to file.
    private var runs: [StreamID: [Run]] = [:]

    /// Versions without a gap.
    private struct Run {
        var first: UInt64
        var last: UInt64
        /// Where the first of them is in the store.
        var stored: UInt64

        var storedLast: UInt64 { stored + last - first }
    }

    init(closesGaps: Bool = false) {
        self.closesGaps = closesGaps
    }

    /// Versions that are not said are counted anew in each file.
    mutating func startFile() {
        newest = [:]
        hidden = []
        isEveryStreamHidden = false
    }

    /// A malformed line may be a record of this stream, or of any: who gave the next record its
    /// version would refuse the corrected line for ever.
    mutating func hide(_ stream: StreamID?) {
        if let stream {
            newest[stream] = nil
            hidden.insert(stream)
        } else {
            newest = [:]
            hidden = []
            isEveryStreamHidden = true
        }
    }

    /// The version of the next record of a stream.
    /// - Parameter stated: what the record says itself.
    mutating func version(_ stated: UInt64?, in stream: StreamID) throws -> UInt64 {
        let version = try stated ?? next(in: stream)
        newest[stream] = version
        return version
    }

    private func next(in stream: StreamID) throws -> UInt64 {
        if let version = newest[stream] { return version + 1 }
        guard !isEveryStreamHidden, !hidden.contains(stream) else {
            throw CommandFailure(
                .partlyDone, code: "unknownVersion",
                "it has no `version`, and a malformed line before it may be the event before this"
                    + " one; correct that line and import the file again")
        }
        return 1
    }

    /// Where the store holds a version, or will hold it. The same input gives the same answers
    /// again, so that an import that is repeated stores nothing twice.
    mutating func stored(_ version: UInt64, of stream: StreamID) throws -> UInt64 {
        guard closesGaps else { return version }
        guard let last = runs[stream]?.last else {
            runs[stream] = [Run(first: version, last: version, stored: 1)]
            return 1
        }
        if version > last.last {
            let isNext = version == last.last + 1
            if isNext { runs[stream, default: []].removeLast() }
            runs[stream, default: []].append(
                Run(
                    first: isNext ? last.first : version, last: version,
                    stored: isNext ? last.stored : last.storedLast + 1))
            return last.storedLast + 1
        }
        let run = runs[stream]?.last { $0.first <= version }
        guard let run, version <= run.last else {
            throw CommandFailure(
                .partlyDone, code: "outOfOrder",
                "version \(version) comes behind version \(last.last), and its gap is closed;"
                    + " sort the lines by version and import them into a new store")
        }
        return run.stored + version - run.first
    }
}
