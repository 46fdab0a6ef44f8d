import ArgumentParser
import EmakiCommandSupport
import EmakiLog

/// `append --lines`: one append for each line of standard input, one answer for each append.
///
/// Somebody outside may kill this process at any moment and holds us to every answer, so an answer
/// is one write to standard output, made after the append returned and before the job goes on.
struct LineAppends {
    let log: EventLog
    let jobCount: Int
    private let input: ThreadBound<LineReader>
    private let output: ThreadBound<Output>

    /// A line as far as it could be understood.
    private struct Request: Sendable {
        var number: Int
        var record: Result<LineRecord, CommandFailure>
    }

    init(log: EventLog, jobCount: Int) {
        self.log = log
        self.jobCount = jobCount
        input = ThreadBound(LineReader(InputBytes.standard()), name: "emaki-input")
        output = ThreadBound(Output(), name: "emaki-output")
    }

    /// - Throws: if lines were refused, once all others are stored.
    func run() async throws {
        let refusedCount = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<jobCount {
                group.addTask(executorPreference: log.loop) {
                    do {
                        return try await answerLines()
                    } catch {
                        Self.end(with: error)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        guard refusedCount == 0 else {
            throw CommandFailure(
                .partlyDone, code: "partlyDone",
                "\(refusedCount) lines were not stored; standard output names each of them")
        }
    }

    /// Ends the process at once: the other jobs may wait for input that never comes. What they have
    /// in flight stays unanswered, which promises nothing.
    private static func end(with error: any Error) -> Never {
        // Quietly if nobody reads the answers, but not as if every line was stored.
        let isClosed = error is OutputClosed
        RootCommand.end(with: isClosed ? ExitCode(CommandStatus.partlyDone.rawValue) : error)
    }

    /// One job: line by line, until there are no more.
    /// - Returns: how many lines were not stored.
    private func answerLines() async throws -> Int {
        var refusedCount = 0
        while let request = try await input.run({ reader in try Self.next(&reader) }) {
            var answer = JSONObject()
            answer.add("line", request.number)
            var end: CommandFailure?
            do {
                let record = try request.record.get()
                let result = try await log.append(
                    record.event, to: record.stream, expecting: record.expecting)
                answer.add("stream", record.stream.text)
                answer.add("version", result.version.rawValue)
                answer.add("position", result.positions.lowerBound.rawValue)
                if result.wasStoredBefore { answer.add("wasStoredBefore", true) }
            } catch {
                refusedCount += 1
                let failure = CommandFailure(reporting: error)
                if let failure { answer.add("error", failure.json) }
                if Self.endsEverything(error) { end = failure }
            }
            let text = answer.text
            try await output.run { output in
                try output.line(text)
                try output.send()
            }
            if let end { throw end }
        }
        return refusedCount
    }

    /// After these the log takes no more appends, so the rest of the input would be read in vain.
    private static func endsEverything(_ error: any Error) -> Bool {
        switch error as? LogError {
        case .poisoned, .closed, .outcomeUnknown: true
        default: false
        }
    }

    /// The next line that is not empty, understood on the thread that read it: the commit loop has
    /// better things to do.
    private static func next(_ reader: inout LineReader) throws -> Request? {
        while let line = try reader.next() {
            switch line {
            case .tooLong(let number):
                let failure = LineRecord.malformed(
                    "it is longer than \(CommandLimits.lineBytesMax) bytes")
                return Request(number: number, record: .failure(failure))
            case .bytes(let bytes, let number):
                guard bytes.contains(where: { $0 > 0x20 }) else { continue }
                return Request(number: number, record: record(bytes))
            }
        }
        return nil
    }

    private static func record(_ bytes: [UInt8]) -> Result<LineRecord, CommandFailure> {
        do {
            let slices = try JSONSlices(validating: bytes)
            return .success(try LineRecord(slices, try slices.whole()))
        } catch let fault as JSONSlices.Fault {
            return .failure(LineRecord.malformed("it is no JSON: \(fault)"))
        } catch {
            return .failure(
                CommandFailure(reporting: error) ?? LineRecord.malformed("it is no record"))
        }
    }
}
