import Testing

@Suite("the example of Getting started")
struct GettingStartedExampleTests {
    @Test("the example of Getting started does what it says")
    func runs() async throws {
        let folder = try TemporaryFolder()
        #expect(try await welcome("ana@example.com", in: folder.url.path) == "welcome")
    }
}
