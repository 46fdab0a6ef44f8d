#ifndef CEMAKIINDEXSTORE_H
#define CEMAKIINDEXSTORE_H

#include <stdint.h>

// Reads an index store, in a process of its own: `emaki-lint` starts itself once more for it. The
// library that reads stores is the toolchain's; given a damaged store it may end the process that
// it is in, or never come back, and neither must happen to the linter.
//
// Standard input has lines: the path of the library, that of the store, and those of the source
// files that are asked for, absolute. Standard output gets, each line of it with tabs between:
//
//     file  SECONDS  NANOSECONDS  DEFINITIONS  USES  PATH     when its unit was written, and how
//                                                             many bytes of lines follow, twice
//     LINE  COLUMN  USR  OVERRIDDEN-USR…                      a definition
//     LINE  COLUMN  KIND  NAME  USR  RECEIVER-USR             a call or another reference
//     error  REASON  DETAIL                                   instead of everything: library,
//                                                             function, store
//     end                                                     the last line, if it came so far
//
// Kinds are the store's numbers. References to types, accessors, parameters and what nobody wrote
// are left out, but the iterators of `for`, which stand where the statement begins.
//
// Returns what the process is to end with. Called once, in a process that does nothing else.
int32_t emaki_index_read(void);

#endif
