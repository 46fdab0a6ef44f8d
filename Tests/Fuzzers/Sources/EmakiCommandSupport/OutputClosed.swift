/// What the command throws when nobody reads its output any more; its own file needs the command.
struct OutputClosed: Error {}
