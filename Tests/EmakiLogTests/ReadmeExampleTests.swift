import EmakiLog
import Foundation
import Testing

@Suite struct ReadmeExampleTests {
    @Test("the README's example stores two events and reads them back")
    func example() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "emaki-readme-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let history = try await placeAndPay(in: folder.path)
        #expect(history.map(\.type) == ["Placed", "Paid"])
        #expect(history.map(\.version) == [1, 2])
    }
}
