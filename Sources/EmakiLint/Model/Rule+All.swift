#if Lint
    extension Rule {
        /// Every rule, in the order of the ids.
        package static let all: [Rule] =
            time + chance + order + tasks + outside + state + build + flow
            + waivers

        private static let time = [
            Rule(
                "WF001", "reads the wall clock",
                reason: "a replay reads another time than the first execution did",
                fix: "`context.now`, engine time in nanoseconds since 1970"),
            Rule(
                "WF002", "reads a clock of the machine",
                reason: "its instants mean nothing after a restart, and a replay reads others",
                fix: "`context.now`"),
            Rule(
                "WF003", "waits by a timer that is not the run's",
                reason: "the timer is gone after a crash, and the engine does not know of the wait",
                fix: "`context.sleep(for:)`, or `context.wait(until:timeout:)`"),
        ]

        private static let chance = [
            Rule(
                "WF010", "makes an identifier by chance",
                reason: "a replay makes another one", fix: "`context.uuid()`"),
            Rule(
                "WF011", "takes random numbers that are not the run's",
                reason: "a replay draws others",
                fix: "`context.random()`, with `using:`; keys and nonces in a step"),
        ]

        private static let order = [
            Rule(
                "WF020", "depends on the order of a hash table",
                reason: "dictionaries and sets have another order in every process",
                fix: "sort first, or keep an array; `.sortedKeys` for JSON"),
            Rule(
                "WF021", "uses a hash or an address as a value",
                reason: "both differ from process to process", fix: "a key of the value's own"),
            Rule(
                "WF022", "orders by what leaves ties or is no order", severity: .warning,
                reason: "among equals the order before decides, and NaN is in no order",
                fix: "compare everything that tells two elements apart, by `<`"),
        ]

        private static let tasks = [
            Rule(
                "WF030", "starts a task outside of the run",
                reason: "it runs beside the run's executor, in an order that nobody records",
                fix: "`async let`, a task group, `context.all` or `context.race`"),
            Rule(
                "WF031", "uses threads or queues",
                reason: "code of a run is executed by the run's own executor alone",
                fix: "a task group, `context.all`; blocking work in an activity"),
            Rule(
                "WF032", "calls an actor that is not the run's",
                reason: "the call leaves the run's executor, and comes back when it likes",
                fix: "an activity"),
            Rule(
                "WF033", "waits for a sequence or a continuation from outside",
                reason: "what comes from there is in no history", fix: "a signal"),
            Rule(
                "WF034", "asks how it is being scheduled",
                reason: "a replay is scheduled in another way", fix: "leave it out"),
            Rule(
                "WF040", "uses a lock or an atomic",
                reason:
                    "a run is executed by one thread at a time; what needs a lock is shared with "
                    + "others, and may block the engine",
                fix: "leave it out: state of the run needs no lock"),
        ]

        private static let outside = [
            Rule(
                "WF050", "speaks to a network, a database or a process",
                reason: "a replay would do it again, and hear something else", fix: "an activity"),
            Rule(
                "WF051", "reads or writes files",
                reason: "a replay would do it again, and read something else",
                fix: "an activity, or `context.step`"),
            Rule(
                "WF052", "looks at the process, its machine or its settings",
                reason: "the replay may be elsewhere", fix: "the run's input, or `context.step`"),
            Rule(
                "WF053", "depends on the machine's locale or time zone",
                reason: "the replay may be elsewhere",
                fix: "a fixed `Locale`, `TimeZone` and `Calendar`"),
        ]

        private static let state = [
            Rule(
                "WF060", "shares a mutable global",
                reason: "other runs and threads change it, and no history has it",
                fix: "the workflow's state, its input, or a `static let`"),
            Rule(
                "WF061", "depends on when an object goes",
                reason: "references are dropped at other moments in a replay",
                fix: "none: say in the state what is known"),
            Rule(
                "WF062", "a query or a validator changes something",
                reason: "it sees a copy of the state, but an object in it is the run's own, and "
                    + "questions are not replayed",
                fix: "values in the state; change it in an update"),
        ]

        private static let build = [
            Rule(
                "WF070", "depends on how it was built",
                reason: "another build, or a moved line, replays another way",
                fix: "a constant, or `context.patched`"),
            Rule(
                "WF071", "branches on floating point that machines compute in other ways",
                severity: .warning,
                reason: "the last bits depend on the processor, the compiler and the C library",
                fix: "integers, decimals, or `<` with a margin"),
        ]

        private static let flow = [
            Rule(
                "WF080", "swallows that the run was cancelled",
                reason:
                    "a call of the context throws `CancellationError` and the errors by which the "
                    + "engine lets code go; code that goes on is at fault",
                fix: "catch the errors that you know, and throw the others"),
            Rule(
                "WF081", "loops without the engine, or retries an activity by hand",
                reason:
                    "a loop that never waits holds the engine up; retries by hand fill the history",
                fix: "`context.wait` for a condition; `RetryPolicy` for an activity"),
            Rule(
                "WF082", "reads context or state in the closure of a step",
                reason:
                    "the closure is executed beside the run, after it went on, and again when it "
                    + "fails", fix: "a constant that is computed before, or an activity's input"),
            Rule(
                "WF083", "changes code that open runs are in, without `patched`",
                reason: "only the histories tell", fix: "`context.patched`, or a new version",
                isFoundByCheck: true),
            Rule(
                "WF090", "keeps in the state what a checkpoint cannot carry",
                reason: "a checkpoint encodes the state: closures and existentials are lost, and "
                    + "objects come back as others", fix: "structs and enums that are `Codable`"),
            Rule(
                "WF091", "siblings without branches may call the same step", severity: .warning,
                reason:
                    "they are told apart by the order in which they begin, which changes when the "
                    + "code is moved or built by another compiler",
                fix: "`context.branch`, `context.all`, or names of their own"),
        ]

        private static let waivers = [
            Rule(
                "WF098", "a waiver that is none",
                reason: "whoever reads it later wants to know why",
                fix: "`// wf:allow(WF001) the reason`, with a rule that there is"),
            Rule(
                "WF099", "a waiver that waives nothing",
                reason: "it hides the next mistake in its line", fix: "remove it"),
        ]
    }
#endif
