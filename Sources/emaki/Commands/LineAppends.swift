import EmakiLog

struct LineAppends {
    let log: EventLog
    let jobCount: Int
    func run() async throws {}
}
