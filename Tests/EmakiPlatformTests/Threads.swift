import EmakiPlatform

/// Runs the body on several threads at once and returns when all have ended.
func runOnThreads(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let ended = WaitWord()
    for index in 0..<count {
        SystemThread.start(name: "test \(index)") {
            body(index)
            ended.bump()
            ended.wakeAll()
        }
    }
    while true {
        let seen = ended.value
        if seen == UInt32(count) { return }
        ended.wait(while: seen)
    }
}
