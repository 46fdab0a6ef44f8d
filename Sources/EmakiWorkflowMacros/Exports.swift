/// Who imports the macros has the engine, too.
@_exported import EmakiWorkflow
