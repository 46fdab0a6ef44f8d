// The compiler's side of the macros. All of it is left out where the trait `Macros` is off: then
// swift-syntax is not there either, and what remains is a program that does nothing.

#if Macros
    import SwiftCompilerPlugin
    import SwiftSyntaxMacros

    @main
    struct Plugin: CompilerPlugin {
        let providingMacros: [any Macro.Type] = [
            WorkflowMacro.self, StatePropertyMacro.self, StateInitializerMacro.self,
            SignalMacro.self, QueryMacro.self, UpdateMacro.self,
            ActivitiesMacro.self, ActivityMacro.self,
        ]
    }
#else
    @main
    struct Plugin {
        static func main() {}
    }
#endif
