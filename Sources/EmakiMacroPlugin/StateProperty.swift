#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// A stored property of a workflow: a part of its state.
    struct StateProperty {
        let declaration: VariableDeclSyntax
        let binding: PatternBindingSyntax
        let name: TokenSyntax

        /// `var` with storage, of the instance. A `let` with a value is a constant, and no state.
        static func isState(_ variable: VariableDeclSyntax) -> Bool {
            guard !variable.modifiers.isStatic else { return false }
            if variable.bindingSpecifier.tokenKind == .keyword(.let) {
                return variable.bindings.contains { $0.initializer == nil }
            }
            return variable.bindings.contains { $0.accessorBlock.map(hasObservers) ?? true }
        }

        private static func hasObservers(_ block: AccessorBlockSyntax) -> Bool {
            guard case .accessors(let list) = block.accessors else { return false }
            return list.contains {
                [.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind)
            }
        }

        /// - Returns: nil if the property can be no state; then it is said why.
        init?(
            _ variable: VariableDeclSyntax, hasInitializer: Bool, _ complaints: inout [Diagnostic]
        ) {
            let before = complaints.count
            Self.check(variable, &complaints)
            guard complaints.count == before, let binding = variable.bindings.first,
                let pattern = binding.pattern.as(IdentifierPatternSyntax.self)
            else { return nil }
            declaration = variable
            self.binding = binding
            name = pattern.identifier.trimmed
            if !hasInitializer, !hasValue { complaints.append(withoutValue()) }
            guard complaints.count == before else { return nil }
        }

        /// As it stands in the nested `State`.
        var text: String {
            let access = declaration.modifiers.has(.private) ? "fileprivate " : ""
            return "\(access)var \(binding.trimmedDescription)"
        }

        private var hasValue: Bool {
            guard binding.initializer == nil, let type = binding.typeAnnotation?.type else {
                return binding.initializer != nil
            }
            return type.is(OptionalTypeSyntax.self)
        }

        private func withoutValue() -> Diagnostic {
            var filled = binding
            let space = binding.trailingTrivia
            filled.trailingTrivia = []
            filled.initializer = InitializerClauseSyntax(
                equal: .equalToken(leadingTrivia: .space, trailingTrivia: .space),
                value: EditorPlaceholderExprSyntax(placeholder: .identifier("<#value#>")),
                trailingTrivia: space)
            return Complaint(
                "propertyValue",
                "`\(name.text)` has no value at first: give it one, or write `init(input:)`"
            ).at(binding, .replace("give it a value", binding, with: filled))
        }

        private static func check(_ variable: VariableDeclSyntax, _ complaints: inout [Diagnostic])
        {
            if variable.bindingSpecifier.tokenKind == .keyword(.let) {
                complaints.append(
                    Complaint("propertyLet", "state that is set by `init(input:)` is a `var`").at(
                        variable.bindingSpecifier,
                        .replace(
                            "make it a `var`", variable.bindingSpecifier,
                            with: variable.bindingSpecifier.with(\.tokenKind, .keyword(.var)))))
            }
            for word in [Keyword.lazy, .weak, .unowned] {
                guard let modifier = variable.modifiers.first(word) else { continue }
                complaints.append(
                    Complaint(
                        "propertyModifier", "a workflow's state is a plain value: no `\(word)`"
                    )
                    .at(
                        modifier,
                        .replace(
                            "remove `\(word)`", variable, with: variable.without(word))))
            }
            for case .attribute(let wrapper) in variable.attributes {
                complaints.append(
                    Complaint(
                        "propertyWrapper",
                        "a workflow's state is a plain value: no property wrapper or attribute"
                    ).at(
                        wrapper,
                        .replace(
                            "remove `@\(wrapper.baseName)`", variable,
                            with: variable.without(wrapper))))
            }
            if variable.bindings.count > 1 {
                complaints.append(
                    Complaint("propertyList", "one property in each declaration, please").at(
                        variable.bindings))
            }
            guard let binding = variable.bindings.first else { return }
            if !binding.pattern.is(IdentifierPatternSyntax.self) {
                complaints.append(
                    Complaint("propertyPattern", "a property has one name").at(binding.pattern))
            }
            if let block = binding.accessorBlock {
                complaints.append(
                    Complaint("propertyObserver", "nobody observes a workflow's state").at(block))
            }
        }
    }

    extension VariableDeclSyntax {
        fileprivate func without(_ keyword: Keyword) -> VariableDeclSyntax {
            var variable = self
            variable.leadingTrivia = []
            variable.modifiers = variable.modifiers.filter {
                $0.name.tokenKind != .keyword(keyword)
            }
            if variable.modifiers.isEmpty { variable.bindingSpecifier.leadingTrivia = [] }
            variable.leadingTrivia = leadingTrivia
            return variable
        }

        fileprivate func without(_ attribute: AttributeSyntax) -> VariableDeclSyntax {
            var variable = self
            variable.attributes = attributes.filter { $0.id != attribute.id }
            variable.leadingTrivia = leadingTrivia
            return variable
        }
    }
#endif
