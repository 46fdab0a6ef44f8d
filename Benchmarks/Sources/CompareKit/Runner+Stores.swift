import Foundation

/// Jobs of several programs on one store.
extension Runner {
    private var streams: [String] {
        ["--streams", "\(size.streams)", "--per-stream", "\(Feed.eventsPerStream)"]
    }

    /// D and F: load, then whole histories, then as small as it gets.
    func runStore(_ job: Job, in folder: String) throws {
        let events = size.streams * Int(Feed.eventsPerStream)
        try keepLine(try measure(job, "load", streams, in: folder))
        try keepSpace(of: job, after: "load", events: events, in: folder)
        for threads in [1, 2] {
            let options = streams + seconds + ["--threads", "\(threads)", "--warm"]
            var line = try measure(job, "read", options, in: folder)
            line.cache = "warm"
            try keepLine(line)
        }
        if size.readsCold, MachineState.dropCaches() {
            var line = try measure(job, "read", streams + seconds, in: folder)
            line.cache = "cold"
            try keepLine(line)
        }
        try keepLine(try measure(job, "compact", [], in: folder))
        try keepSpace(of: job, after: "compact", events: events, in: folder)
    }

    private func keepSpace(
        of job: Job, after: String, events: Int, in folder: String
    ) throws {
        var line = ResultLine()
        (line.engine, line.variant) = (job.contestant.engine, job.contestant.variant ?? "")
        (line.op, line.item, line.after, line.events) = ("space", "F", after, events)
        let bytes = Space.allocatedBytes(of: folder)
        line.bytesOnDisk = bytes
        line.bytesPerEvent = Double(bytes) / Double(events)
        try keepLine(completed(line, raw: nil))
    }

    /// E: a store, a tail that is not tidied up, a kill, and the way back.
    func runKill(_ job: Job, streams: Int, events: Int, in folder: String) throws {
        let options = [
            "--streams", "\(streams)", "--per-stream", "\(Feed.eventsPerStream)",
        ]
        _ = try measure(job, "load", options, in: folder)
        var tailOptions = ["--events", "\(events)", "--hold"]
        if !job.contestant.isOurs { tailOptions += ["--seconds", "\(size.tailSecondsMax)"] }
        waitUntilQuiet()
        let raw = try rawReference(in: folder + "-raw")
        let tail = try start(job, "tail", tailOptions, in: folder)
        let tailLine = try tail.line(within: size.tailSecondsMax + 300)
        tail.kill()
        let t0 = Clock.nanoseconds()
        let watch = MachineState.Watch()
        let recovery = try start(job, "recover", ["--t0", "\(t0)"], in: folder)
        var line = try recovery.line(within: 600)
        recovery.waitUntilExit()
        line.othersCores = watch.othersCores()
        line.storeEvents = streams * Int(Feed.eventsPerStream)
        line.tailEvents = tailLine.events
        try keepLine(completed(line, raw: raw))
    }
}
