// The exclusive or of two pieces of memory, as parity is made of it: a loop that compilers turn
// into the CPU's widest registers.
#include "CEmaki.h"

#include <string.h>

void emaki_mix(void *target, const void *source, size_t count) {
    uint8_t *to = target;
    const uint8_t *from = source;
    size_t index = 0;
    for (; index + 8 <= count; index += 8) {
        uint64_t left, right;
        memcpy(&left, to + index, sizeof left);
        memcpy(&right, from + index, sizeof right);
        left ^= right;
        memcpy(to + index, &left, sizeof left);
    }
    for (; index < count; index++) to[index] ^= from[index];
}
