import EmakiPlatform
import Foundation

/// Lines that a process has written. One thread adds, and one takes.
final class ReplayLines: @unchecked Sendable {
    private let lock = Lock()
    private let came = WaitWord()
    // Guarded by `lock`.
    private var ready: [String] = []
    private var taken = 0
    private var rest = Data()
    private var hasEnded = false

    func add(_ data: Data) {
        lock.withLock {
            rest += data
            guard let last = rest.lastIndex(of: UInt8(ascii: "\n")) else { return }
            for line in rest[..<last].split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            {
                ready.append(String(decoding: line, as: UTF8.self))
            }
            rest = Data(rest[rest.index(after: last)...])
        }
        wake()
    }

    func end() {
        lock.withLock { hasEnded = true }
        wake()
    }

    private func wake() {
        came.bump()
        came.wakeAll()
    }

    func next(within limit: Duration) -> ReplayProcess.Line {
        let end = ContinuousClock.now + limit
        while true {
            let seen = came.value
            if let line = lock.withLock({ take() }) { return line }
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return .late }
            _ = came.wait(while: seen, nanoseconds: max(1, left.milliseconds) * 1_000_000)
        }
    }

    /// Called with the lock held.
    private func take() -> ReplayProcess.Line? {
        guard taken < ready.count else { return hasEnded ? .ended : nil }
        let line = ready[taken]
        taken += 1
        if taken == ready.count { (ready, taken) = ([], 0) }
        return .line(line)
    }
}

/// The end of what a process complains with, however much it is.
final class ReplayTail: @unchecked Sendable {
    private static let bytesMax = 64 << 10

    private let lock = Lock()
    private let ended = WaitWord()
    // Guarded by `lock`.
    private var kept = Data()
    private var hasEnded = false

    func add(_ data: Data) {
        lock.withLock { kept = Data((kept + data).suffix(Self.bytesMax)) }
    }

    func end() {
        lock.withLock { hasEnded = true }
        ended.bump()
        ended.wakeAll()
    }

    /// Of a process that has ended: a grandchild that holds its standard error open is not waited
    /// for.
    func text() -> String {
        let seen = ended.value
        if !lock.withLock({ hasEnded }) { _ = ended.wait(while: seen, nanoseconds: 1_000_000_000) }
        return String(decoding: lock.withLock { kept }, as: UTF8.self)
    }
}
