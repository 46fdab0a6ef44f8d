#if Tracing
    import EmakiWorkflow
    import Tracing
#endif
