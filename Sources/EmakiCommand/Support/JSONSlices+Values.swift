import EmakiCommandSupport
import EmakiLog
import Foundation

/// Decoding what only the command has to understand.
extension JSONSlices {
    /// The bytes that `{"base64":"…"}` stands for; nil for any other value.
    /// - Throws: if the text in it is no base64.
    func base64(of slice: Slice) throws -> [UInt8]? {
        let members = try members(of: slice)
        guard members.count == 1, let member = members.first, text(of: member.name) == "base64",
            let text = text(of: member.value)
        else { return nil }
        guard let decoded = Data(base64Encoded: text) else {
            throw CommandFailure(
                .partlyDone, code: "malformed", "the text of `base64` is no base64")
        }
        return Array(decoded)
    }
}
