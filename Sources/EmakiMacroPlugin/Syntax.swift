#if Macros
    import SwiftSyntax

    /// Small questions about declarations.

    extension AttributeListSyntax {
        /// The attribute of one of these names, whatever module it is qualified with.
        func first(named names: String...) -> AttributeSyntax? {
            for case .attribute(let attribute) in self where names.contains(attribute.baseName) {
                return attribute
            }
            return nil
        }
    }

    extension AttributeSyntax {
        /// The name without the module.
        var baseName: String {
            attributeName.trimmedDescription.split(separator: ".").last.map(String.init) ?? ""
        }

        /// The arguments, with their labels.
        var labeled: [LabeledExprSyntax] {
            guard case .argumentList(let list) = arguments else { return [] }
            return Array(list)
        }

        func argument(_ label: String) -> ExprSyntax? {
            labeled.first { $0.label?.text == label }?.expression
        }

        /// The text of an argument that is a literal; nil also if it is something else.
        func text(_ label: String) -> String? {
            argument(label)?.as(StringLiteralExprSyntax.self)?.representedLiteralValue
        }
    }

    extension DeclModifierListSyntax {
        func has(_ keyword: Keyword) -> Bool { first(keyword) != nil }

        func first(_ keyword: Keyword) -> DeclModifierSyntax? {
            first { $0.name.tokenKind == .keyword(keyword) }
        }

        func without(_ keyword: Keyword) -> DeclModifierListSyntax {
            filter { $0.name.tokenKind != .keyword(keyword) }
        }

        /// `public ` or the like, as a prefix of what is made for a declaration.
        var access: String {
            let words: [Keyword] = [.public, .package, .internal, .fileprivate, .private]
            let found = words.first { word in
                contains { $0.name.tokenKind == .keyword(word) && $0.detail == nil }
            }
            return found.map { "\($0) " } ?? ""
        }

        var isStatic: Bool { has(.static) || has(.class) }
    }

    extension TokenSyntax {
        /// An identifier without backticks.
        var plain: String {
            let text = text
            return text.hasPrefix("`") ? String(text.dropFirst().dropLast()) : text
        }
    }

    extension FunctionDeclSyntax {
        var isAsync: Bool { signature.effectSpecifiers?.asyncSpecifier != nil }
        var isThrowing: Bool { signature.effectSpecifiers?.throwsClause != nil }
        var isMutating: Bool { modifiers.has(.mutating) }

        /// What it returns; nil for nothing.
        var output: TypeSyntax? {
            guard let type = signature.returnClause?.type.trimmed else { return nil }
            return ["Void", "()"].contains(type.description) ? nil : type
        }

        /// `try await ` as far as a call of it needs it.
        func callEffects(isIsolated: Bool = false) -> String {
            (isThrowing ? "try " : "") + (isAsync || isIsolated ? "await " : "")
        }

        /// With `mutating` and so on taken away, and the function where it was.
        func without(_ keyword: Keyword) -> FunctionDeclSyntax {
            var function = self
            function.leadingTrivia = []
            function.modifiers = function.modifiers.without(keyword)
            if function.modifiers.isEmpty { function.funcKeyword.leadingTrivia = [] }
            function.leadingTrivia = leadingTrivia
            return function
        }
    }

    /// The one thing that a handler or an activity is given.
    struct InputParameter {
        /// nil where there is no parameter: then the input is `Nothing`.
        let type: TypeSyntax?
        /// As it stands in a call: `by: ` or nothing.
        let label: String

        init(_ parameter: FunctionParameterSyntax?) {
            type = parameter?.type.trimmed
            guard let parameter, parameter.firstName.tokenKind != .wildcard else {
                label = ""
                return
            }
            label = parameter.firstName.text + ": "
        }

        var typeText: String { type?.description ?? "Nothing" }
        /// What stands between the parentheses of a call.
        func argument(_ name: String) -> String { type == nil ? "" : label + name }

        /// - Returns: why a parameter cannot be an input.
        static func complaint(about parameter: FunctionParameterSyntax) -> Complaint? {
            if parameter.ellipsis != nil {
                return Complaint("variadic", "an input is one value: take an array")
            }
            if let type = parameter.type.as(AttributedTypeSyntax.self), !type.specifiers.isEmpty {
                return Complaint("specifier", "an input comes from the log: it is passed as it is")
            }
            return nil
        }
    }
#endif
