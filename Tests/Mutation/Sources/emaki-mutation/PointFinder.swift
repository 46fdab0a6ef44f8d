import SwiftOperators
import SwiftParser
import SwiftSyntax

/// Finds the mutation points of one file.
///
/// Texts are only ever put around an expression, or before a clause, on its own line: lines stay
/// where they are, so a message of the compiler names the line of the original.
final class PointFinder: SyntaxVisitor {
    private let file: String
    private let locations: SourceLocationConverter
    private var names: [String] = []
    private(set) var points: [MutationPoint] = []

    /// Every call of the door.
    private static let doorCalls: Set = [
        "write", "writeDurably", "sync", "syncFolder", "rename", "remove", "resize", "dropCache",
        "makeFolder", "close", "unlock", "open", "lock", "list", "kind", "traits", "byteCount",
        "read", "map",
    ]
    /// They return what the caller goes on with, also as the last expression of a closure.
    private static let asking: Set = [
        "open", "lock", "list", "kind", "traits", "byteCount", "read",
    ]
    private static let doors: Set = ["files", "file", "lockFile"]
    /// They run a closure, which has points of its own.
    private static let wrappers: Set = ["translating", "withBytes", "withMutableBytes", "naming"]

    static func points(in text: String, file: String) -> [MutationPoint] {
        let parsed = Parser.parse(source: text)
        let folded = OperatorTable.standardOperators.foldAll(parsed) { _ in }
        let tree = folded.as(SourceFileSyntax.self) ?? parsed
        let finder = PointFinder(tree, file: file)
        finder.walk(tree)
        return numbered(
            finder.points.sorted {
                ($0.line, $0.kind.rawValue, $0.excerpt) < ($1.line, $1.kind.rawValue, $1.excerpt)
            })
    }

    private init(_ tree: SourceFileSyntax, file: String) {
        self.file = file
        locations = SourceLocationConverter(fileName: file, tree: tree)
        super.init(viewMode: .sourceAccurate)
    }

    // MARK: Conditions

    override func visit(_ node: GuardStmtSyntax) -> SyntaxVisitorContinueKind {
        for element in node.conditions {
            switch element.condition {
            case .expression(let condition):
                add(.guard, condition, around: ("(", " || mutantIsOn(#))"), inner: true)
            case .optionalBinding, .matchingPattern:
                add(.bind, element.condition, before: "!mutantIsOn(#), ")
            case .availability: break
            }
        }
        return .visitChildren
    }

    override func visit(_ node: InfixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
        let sign = node.operator.trimmedDescription
        guard sign == "&&" || sign == "||" else { return .visitChildren }
        let after = sign == "&&" ? " || mutantIsOn(#))" : " && !mutantIsOn(#))"
        for operand in [node.leftOperand, node.rightOperand] {
            let inner = operand.as(InfixOperatorExprSyntax.self)?.operator.trimmedDescription
            // `a && b && c` is `(a && b) && c`: its left side has operands of its own.
            if inner != sign { add(.operand, operand, around: ("(", after), inner: true) }
        }
        return .visitChildren
    }

    override func visit(_ node: IfExprSyntax) -> SyntaxVisitorContinueKind {
        guard node.elseBody == nil, let first = node.conditions.first,
            let last = node.body.statements.last?.item,
            last.is(ReturnStmtSyntax.self) || last.is(ThrowStmtSyntax.self)
                || last.is(ContinueStmtSyntax.self) || last.is(BreakStmtSyntax.self)
        else { return .visitChildren }
        add(
            .exit, first, before: "!mutantIsOn(#), ",
            excerpt: "if \(node.conditions.trimmedDescription)")
        return .visitChildren
    }

    // MARK: Calls

    override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
        let whole = node.parent?.as(TryExprSyntax.self).map(ExprSyntax.init) ?? ExprSyntax(node)
        let isStatement = whole.parent?.is(CodeBlockItemSyntax.self) ?? false
        let member = node.calledExpression.as(MemberAccessExprSyntax.self)
        let name =
            member?.declName.baseName.text ?? node.calledExpression.trimmedDescription
        // What only our own code could break is not for tests to find.
        if name == "precondition" { return .skipChildren }
        if isDoor(member) {
            if !isStatement || Self.asking.contains(name) {
                skip(.door, whole, "its result is used")
            } else if hasEffects(member?.base) {
                skip(.door, whole, "what it is called on has effects of its own")
            } else {
                add(.door, whole, around: ("mutantIsOn(#) ? () : (", ")"))
            }
        } else if isStatement, whole.is(TryExprSyntax.self), !Self.wrappers.contains(name),
            name.first?.isLowercase ?? false
        {
            add(.step, whole, around: ("mutantIsOn(#) ? () : (", ")"))
        }
        return .visitChildren
    }

    private func isDoor(_ member: MemberAccessExprSyntax?) -> Bool {
        guard let member, Self.doorCalls.contains(member.declName.baseName.text),
            let base = member.base
        else { return false }
        let last =
            base.as(MemberAccessExprSyntax.self)?.declName.baseName.text
            ?? base.trimmedDescription
        return Self.doors.contains(last)
    }

    private func hasEffects(_ base: ExprSyntax?) -> Bool {
        guard let path = base?.as(MemberAccessExprSyntax.self) else { return false }
        return path.base?.is(FunctionCallExprSyntax.self) ?? false
    }

    // MARK: Adding

    private func point(_ kind: MutationKind, _ node: some SyntaxProtocol) -> MutationPoint {
        let start = locations.location(for: node.positionAfterSkippingLeadingTrivia)
        let end = locations.location(for: node.endPositionBeforeTrailingTrivia)
        return MutationPoint(
            file: file, function: names.filter { !$0.isEmpty }.joined(separator: "."), kind: kind,
            line: start.line, lastLine: end.line,
            excerpt: oneLine(node.trimmedDescription))
    }

    /// - Parameter inner: the expression gets parentheses of its own inside of the texts.
    private func add(
        _ kind: MutationKind, _ node: some SyntaxProtocol, around texts: (String, String),
        inner: Bool = false
    ) {
        var point = point(kind, node)
        let start = node.positionAfterSkippingLeadingTrivia.utf8Offset
        let end = node.endPositionBeforeTrailingTrivia.utf8Offset
        point.insertions = [
            Insertion(
                offset: start, text: texts.0 + (inner ? "(" : ""), width: end - start,
                isOpening: true),
            Insertion(
                offset: end, text: (inner ? ")" : "") + texts.1, width: end - start,
                isOpening: false),
        ]
        points.append(point)
    }

    private func add(
        _ kind: MutationKind, _ node: some SyntaxProtocol, before text: String,
        excerpt: String? = nil
    ) {
        var point = point(kind, node)
        if let excerpt { point.excerpt = oneLine(excerpt) }
        let start = node.positionAfterSkippingLeadingTrivia.utf8Offset
        point.insertions = [
            Insertion(offset: start, text: text, width: .max, isOpening: true)
        ]
        points.append(point)
    }

    private func skip(_ kind: MutationKind, _ node: some SyntaxProtocol, _ reason: String) {
        var point = point(kind, node)
        point.skipReason = reason
        points.append(point)
    }

    // MARK: Names

    override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
        enter(node.name.text + labels(node.signature))
    }
    override func visitPost(_ node: FunctionDeclSyntax) { names.removeLast() }

    override func visit(_ node: InitializerDeclSyntax) -> SyntaxVisitorContinueKind {
        enter("init" + labels(node.signature))
    }
    override func visitPost(_ node: InitializerDeclSyntax) { names.removeLast() }

    override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
        // A variable inside of a function is not where people look for something.
        let isMember = node.parent?.is(MemberBlockItemSyntax.self) ?? false
        let name = node.bindings.first?.pattern.trimmedDescription ?? ""
        return enter(isMember ? name : "")
    }
    override func visitPost(_ node: VariableDeclSyntax) { names.removeLast() }

    override func visit(_ node: StructDeclSyntax) -> SyntaxVisitorContinueKind {
        enter(node.name.text)
    }
    override func visitPost(_ node: StructDeclSyntax) { names.removeLast() }

    override func visit(_ node: ClassDeclSyntax) -> SyntaxVisitorContinueKind {
        enter(node.name.text)
    }
    override func visitPost(_ node: ClassDeclSyntax) { names.removeLast() }

    override func visit(_ node: EnumDeclSyntax) -> SyntaxVisitorContinueKind {
        enter(node.name.text)
    }
    override func visitPost(_ node: EnumDeclSyntax) { names.removeLast() }

    override func visit(_ node: ExtensionDeclSyntax) -> SyntaxVisitorContinueKind {
        enter(node.extendedType.trimmedDescription)
    }
    override func visitPost(_ node: ExtensionDeclSyntax) { names.removeLast() }

    private func enter(_ name: String) -> SyntaxVisitorContinueKind {
        names.append(name)
        return .visitChildren
    }

    private func labels(_ signature: FunctionSignatureSyntax) -> String {
        "(" + signature.parameterClause.parameters.map { $0.firstName.text + ":" }.joined() + ")"
    }
}

/// White space in a row becomes one space; what is long is cut.
func oneLine(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 90 ? line.prefix(87) + "…" : line
}
