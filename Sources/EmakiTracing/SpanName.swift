#if Tracing
    import EmakiWorkflow
    import Tracing

    /// Names of spans' attributes.
    enum SpanName {
        static let workflow = "emaki.workflow.id"
        static let run = "emaki.run.id"
        static let type = "emaki.workflow.type"
        static let step = "emaki.step.key"
        static let stepName = "emaki.step.name"
        static let attempt = "emaki.attempt"
        static let queueWait = "emaki.queue_wait_ns"
        static let commitWait = "emaki.commit_wait_ns"
        static let deciding = "emaki.deciding_ns"
        static let handedOver = "emaki.handed_over"
        static let isOutside = "emaki.outside"
        static let events = "emaki.events"
        static let outcome = "emaki.outcome"
        static let failure = "emaki.failure.type"
    }

    /// A context in a run's headers.
    struct HeaderCarrier: Injector, Extractor {
        /// When the context was put in, in nanoseconds since 1970 UTC.
        static let tracedAt = "emaki-traced-at"

        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }

        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    extension Span {
        func set(_ step: ObservedStep) {
            attributes[SpanName.step] = step.key
            attributes[SpanName.stepName] = step.name
            attributes[SpanName.attempt] = step.attempt
        }

        /// With the name of an error only: its message may tell what is secret.
        func failed(_ name: String) {
            attributes[SpanName.failure] = name
            setStatus(SpanStatus(code: .error, message: name))
        }
    }

    extension ObservedStep {
        var spanName: String { kind == .activity ? "activity \(name)" : "step \(name)" }
    }

    extension Duration {
        var spanNanoseconds: Int64 {
            let (seconds, attoseconds) = components
            let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            return isOver ? .max / 2 : product + attoseconds / 1_000_000_000
        }
    }

    extension DefaultTracerClock.Timestamp {
        /// Of a recorded event.
        static func recorded(_ time: Int64) -> Self {
            Self(nanosecondsSinceEpoch: UInt64(max(0, time)))
        }
    }

    extension HistoryEvent.Outcome {
        var spanWord: String {
            switch self {
            case .completed: "completed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .terminated: "terminated"
            case .timedOut: "timedOut"
            case .continuedAsNew(_, nil): "continued"
            case .continuedAsNew: "retried"
            }
        }

        /// The name of what went wrong.
        var spanFailure: String? {
            switch self {
            case .failed(let failure), .continuedAsNew(_, let failure?): failure.type
            case .terminated: "Terminated"
            case .timedOut: "Timeout"
            case .completed, .cancelled, .continuedAsNew: nil
            }
        }
    }
#endif
