#if Encryption
    import Crypto
    import EmakiWorkflow
#endif
