#if Encryption
#endif
