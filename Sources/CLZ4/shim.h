// The two headers of the system's liblz4 that the engine needs: the fast and the high compressor.
#include <lz4.h>
#include <lz4hc.h>
