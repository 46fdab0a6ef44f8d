import EmakiPlatform

/// The log's socket for other processes, see `ControlServer`.
extension EventLog {
    /// Adds a verb to those that the log answers through its socket, or replaces one; nil takes it
    /// away. Nothing, if the log does not listen.
    package func answerControl(_ verb: String, with handler: ControlHandler?) {
        committer.lock.withLock { committer.control }?.answer(verb, with: handler)
    }

    /// The log is open, and listens.
    package var listensForControl: Bool {
        committer.lock.withLock { committer.control != nil }
    }

    /// This process.
    package var processNumber: Int32 { SystemProcess.number }

    /// Listens, before anybody has the log.
    /// - Returns: nil if that is not wanted or cannot be; then the receipt says why.
    static func listen(
        inFolder path: String?, _ configuration: Configuration, _ receipt: inout RecoveryReceipt
    ) -> LocalListener? {
        guard let path, configuration.listensForControl, !configuration.isReadOnly else {
            return nil
        }
        do throws(DiskError) {
            return try LocalListener(name: ControlServer.socketName, inFolder: path)
        } catch {
            receipt.warnings.append(
                "commands cannot ask this log, because it cannot listen at"
                    + " \(ControlServer.socketName): \(error)")
            return nil
        }
    }

    func answer(through listener: LocalListener) {
        let server = ControlServer(listener, handlers: ControlVerbs.all)
        committer.lock.withLock { committer.control = server }
        server.start(for: EventLog(viewing: self))
    }
}
