import EmakiLog
import EmakiPlatform

/// Bytes from a store as they may be shown to people.
package enum TerminalText {
    private static let previewBytesMax = 4096

    /// Text if it can be shown on a terminal without harm, else size and base64.
    package static func preview(_ payload: [UInt8]) -> String {
        let text = payload.withRawSpan { String(validating: $0) }
        if let text, text.unicodeScalars.allSatisfy(isPrintable) { return text }
        let shown = payload.prefix(previewBytesMax)
        let rest = shown.count < payload.count ? "…" : ""
        return "(\(payload.count) bytes) base64:" + Base64.text(of: shown) + rest
    }

    /// Control characters could command the terminal.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\t": true
        default: scalar.properties.generalCategory != .control
        }
    }
}
