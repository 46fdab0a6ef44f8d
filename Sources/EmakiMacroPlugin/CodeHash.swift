#if Macros
    import SwiftSyntax

    /// Tells one text of a declaration from another, whatever their layout and comments.
    ///
    /// It is taken over the tokens: spaces, comments and access levels do not count, and everything
    /// else does. Part of what runs are recorded with, so it must never change.
    enum CodeHash {
        /// 64-bit FNV-1a, with a separator after each token, in hexadecimal.
        static func hash(_ declaration: StructDeclSyntax) -> String {
            var normalised = declaration
            normalised.attributes = []
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            func add(_ byte: UInt8) {
                hash ^= UInt64(byte)
                hash &*= 0x0000_0100_0000_01b3
            }
            for token in normalised.tokens(viewMode: .sourceAccurate) where !isAccess(token) {
                token.text.utf8.forEach(add)
                add(0)
            }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }

        private static func isAccess(_ token: TokenSyntax) -> Bool {
            let words: [Keyword] = [.public, .package, .internal, .fileprivate, .private]
            return token.parent?.is(DeclModifierSyntax.self) == true
                && words.contains { token.tokenKind == .keyword($0) }
        }
    }
#endif
