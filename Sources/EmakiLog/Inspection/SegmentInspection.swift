/// What is in one segment file.
package struct SegmentInspection: Sendable, Codable {
    /// How far the file has come in its life.
    package enum State: String, Sendable, Codable {
        /// Its bytes mean nothing yet, or nothing any more.
        case preparation
        /// Zeros and headers are durable; no frame links to the log.
        case ready
        /// Holds the last linked frame.
        case active
        /// Linked frames go on in the next segment.
        case full
    }

    /// An idle slot: where the log ended when it went quiet.
    package struct Slot: Sendable, Codable {
        package var group: UInt64
        package var position: UInt64
    }

    package var number: UInt64
    package var file: String
    package var state = State.preparation
    /// Why the file cannot be looked at, or not whole.
    package var fault: String?
    package var fileBytes = 0
    /// Of its two copies: "good", "bad", or what else they say.
    package var headers: [String] = []
    /// Nil: never written in this life, or damaged.
    package var slots: [Slot?] = []
    package var frames: [FrameInspection] = []
    /// How many more frames there are than `frames` lists.
    package var unlistedFrameCount = 0
    /// Frames that are whole, in place and linked.
    package var linkedFrameCount = 0
    package var eventCount = 0
    /// Blocks that start no frame of this life: never written, left from an earlier life, other.
    package var zeroBlockCount = 0
    package var staleBlockCount = 0
    package var otherBlockCount = 0

    init(number: UInt64, file: String) {
        self.number = number
        self.file = file
    }
}

/// A place where a frame of this life of the segment starts.
package struct FrameInspection: Sendable, Codable {
    /// What the frame can prove.
    package enum Verdict: String, Sendable, Codable {
        /// Whole, in place and linked: recovery reads it.
        case linked
        /// Whole and in place, and does not follow the frame before it.
        case notLinked
        /// Whole, in a place where it was not written.
        case misplaced
        /// The header holds, the payload does not.
        case tornPayload
        /// The header's checksum does not hold.
        case tornHeader
        /// The header holds, with fields that this version never writes.
        case unknown
    }

    package var offset: Int
    package var verdict: Verdict
    /// All nil if the header does not hold.
    package var kind: String?
    package var group: UInt64?
    package var firstPosition: UInt64?
    package var eventCount: Int?
    package var payloadBytes: Int?
    /// With header and padding.
    package var frameBytes: Int?
    package var commitInstant: Int64?
    package var batches: [BatchInspection] = []
    /// What does not make sense in a payload whose checksum holds.
    package var fault: String?
    /// The first bytes, as hexadecimal digits, if they were asked for.
    package var hex: String?

    init(offset: Int, verdict: Verdict) {
        self.offset = offset
        self.verdict = verdict
    }
}

/// What one caller stored together, or a loss record.
package struct BatchInspection: Sendable, Codable {
    /// The events of one stream in a batch.
    package struct Section: Sendable, Codable {
        package var stream: String
        package var firstVersion: UInt64
        package var eventCount: Int
        /// The first few kinds of event, each once, in the order in which they first occur.
        package var types: [String]

        package static let typesMax = 16
    }

    /// Where the log goes on behind a loss.
    package struct Loss: Sendable, Codable {
        package var lastGroup: UInt64
        package var nextPosition: UInt64
        package var segment: UInt64
        package var fileOffset: Int
    }

    /// What a stream loses.
    package struct Removal: Sendable, Codable {
        package var kind: String
        package var stream: String
        package var through: UInt64
        /// When it is to lose it, in nanoseconds since 1970; nil: at once.
        package var instant: Int64?
    }

    package var offset: Int
    package var sections: [Section] = []
    package var loss: Loss?
    package var removal: Removal?
}
