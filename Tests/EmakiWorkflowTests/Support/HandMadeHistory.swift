@testable import EmakiWorkflow

/// Histories that nobody recorded: each event a number, and a second after the one before.
enum HandMade {
    static func start(_ change: (inout RunStart) -> Void = { _ in }) -> RunStart {
        var start = RunStart(
            workflowType: "T", workflowID: "w", runID: "r", firstRunID: "r", seed: 1,
            fingerprint: "f", requestID: "q", attempt: 1, headers: [:], memo: [:],
            searchAttributes: [:], input: .empty)
        change(&start)
        return start
    }

    static func history(_ start: RunStart, _ bodies: [HistoryEvent.Body]) -> [HistoryEvent] {
        ([.started(start)] + bodies).enumerated().map { index, body in
            HistoryEvent(
                id: index + 1, time: Int64(index + 1) * 1_000_000_000, commandCount: nil,
                body: body)
        }
    }

    static func step(_ key: String, isGated: Bool = false) -> HistoryEvent.Body {
        .stepScheduled(
            StepSchedule(
                key: key, kind: .activity, name: key,
                options: ActivityOptions(startToClose: .seconds(1)), inputHash: 0,
                isGated: isGated, input: .empty))
    }

    static func child(_ key: String) -> HistoryEvent.Body {
        .childInitiated(
            ChildStart(
                key: key, workflowType: "T", workflowID: key, closePolicy: .terminate,
                cancellation: .try, options: RunOptions(), input: .empty))
    }

    static func message(_ key: String) -> HistoryEvent.Body {
        .messageSent(
            SentMessage(key: key, kind: .signal, workflowID: "x", name: "go", input: .empty))
    }

    static func signal(_ requestID: String) -> HistoryEvent.Body {
        .signalReceived(Message(name: "go", requestID: requestID, input: .empty))
    }

    static func update(_ requestID: String) -> HistoryEvent.Body {
        .updateAccepted(Message(name: "change", requestID: requestID, input: .empty))
    }
}
