// What Swift cannot say by itself: CPU instructions for CRC32C and for parity, Linux calls and
// flags that the Glibc module does not show, and one thread-local. Nothing here allocates, and nothing here
// keeps state except the thread-local and constant tables.
#ifndef CEMAKI_H
#define CEMAKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CRC32C. `seed` is 0 or the result for the bytes before these.
uint32_t emaki_crc32c(uint32_t seed, const void *bytes, size_t count);
// The same function without special instructions, so that a test can compare the two.
uint32_t emaki_crc32c_table(uint32_t seed, const void *bytes, size_t count);
// Whether `emaki_crc32c` uses special instructions on this CPU.
bool emaki_crc32c_is_hardware(void);

// Mixes bytes into as many others by exclusive or. The two may not overlap.
void emaki_mix(void *target, const void *source, size_t count);

// The flag that makes `open` bypass the page cache; 0 where there is none.
int emaki_open_direct_flag(void);
// The flags that make `open` create a file without a name in a folder; 0 where there are none.
int emaki_open_unnamed_flag(void);
// One positioned write that is durable on return.
// Returns the count written, or the negated error number.
int64_t emaki_pwrite_dsync(int descriptor, const void *bytes, size_t count, int64_t offset);

// The number that Linux gives the kind of file system, or the negated error number.
int64_t emaki_file_system_kind(int descriptor);

// Asks the file system to overwrite the files in place that are made in this folder from now on.
// Returns 1 if it says afterwards that it will, 0 if not, or the negated error number.
int emaki_avoid_copy_on_write(int descriptor);

// Sleeps while `*word == expected`, at most `nanoseconds` (negative: for ever).
// Returns 0 when woken, or the negated error number.
int emaki_futex_wait(uint32_t *word, uint32_t expected, int64_t nanoseconds);
void emaki_futex_wake(uint32_t *word, int count);

// A number that belongs to the calling thread, 0 at first.
uint64_t emaki_loop_id(void);
void emaki_set_loop_id(uint64_t id);

// The run whose code the calling thread is executing, 0: none.
uint64_t emaki_run_id(void);
void emaki_set_run_id(uint64_t id);

// Names the calling thread for debuggers. Names may be cut to 15 bytes.
void emaki_name_thread(const char *name);

#endif
