import Testing

@testable import EmakiPlatform

/// Sockets of this machine.
@Suite struct LocalSocketTests {
    @Test("who is told to stop when nobody listens any more does not take the process along")
    func stopsBesideClosing() throws {
        // The end that reads is closed, and the byte is on its way: SIGPIPE would end this process.
        let ends = try SystemCall.makePair()
        SystemCall.closeDescriptor(ends.reading)
        SystemCall.sendByte(to: ends.writing)
        SystemCall.closeDescriptor(ends.writing)
    }

    @Test("a listener that was told to stop, once or more often, accepts nobody")
    func stops() throws {
        let folder = try TemporaryFolder()
        let listener = try LocalListener(name: "socket", inFolder: folder.path)
        listener.stop()
        listener.stop()
        #expect(try listener.accept() == nil)
        #expect(listener.isStopped(within: 0))
        listener.close()
        listener.stop()
    }
}
