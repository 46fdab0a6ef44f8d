// Linux calls and flags that the Glibc module does not show to Swift.
// On other platforms each fails with ENOSYS or does nothing.
#define _GNU_SOURCE
#include "CEmaki.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#if defined(__linux__)
#include <linux/fs.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

int emaki_open_direct_flag(void) { return O_DIRECT; }

int emaki_open_unnamed_flag(void) { return O_TMPFILE; }

int64_t emaki_pwrite_dsync(int descriptor, const void *bytes, size_t count, int64_t offset) {
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    ssize_t written = pwritev2(descriptor, &vector, 1, offset, RWF_DSYNC);
    return written < 0 ? -(int64_t)errno : (int64_t)written;
}

int64_t emaki_file_system_kind(int descriptor) {
    struct statfs status;
    if (fstatfs(descriptor, &status) != 0) return -(int64_t)errno;
    return (int64_t)(uint32_t)status.f_type;
}

int emaki_avoid_copy_on_write(int descriptor) {
    // The calls are declared with a long and use an int; some file systems believe the declaration.
    union {
        int flags;
        long room;
    } attributes = {.room = 0};
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &attributes) != 0) return -errno;
    if (attributes.flags & FS_NOCOW_FL) return 1;
    attributes.flags |= FS_NOCOW_FL;
    if (ioctl(descriptor, FS_IOC_SETFLAGS, &attributes) != 0) return -errno;
    attributes.room = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &attributes) != 0) return -errno;
    return attributes.flags & FS_NOCOW_FL ? 1 : 0;
}

int emaki_futex_wait(uint32_t *word, uint32_t expected, int64_t nanoseconds) {
    struct timespec limit = {
        .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    struct timespec *wait_limit = nanoseconds < 0 ? NULL : &limit;
    long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, wait_limit, NULL, 0);
    return result < 0 ? -errno : 0;
}

void emaki_futex_wake(uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}
#else
int emaki_open_direct_flag(void) { return 0; }

int emaki_open_unnamed_flag(void) { return 0; }

int64_t emaki_pwrite_dsync(int descriptor, const void *bytes, size_t count, int64_t offset) {
    return -ENOSYS;
}

int64_t emaki_file_system_kind(int descriptor) { return -ENOSYS; }

int emaki_avoid_copy_on_write(int descriptor) { return -ENOSYS; }

int emaki_futex_wait(uint32_t *word, uint32_t expected, int64_t nanoseconds) { return -ENOSYS; }

void emaki_futex_wake(uint32_t *word, int count) {}
#endif

// The cheapest way to a thread-local: an offset from a register, where the general way is a call.
__attribute__((tls_model("initial-exec"))) static _Thread_local uint64_t loop_id;

uint64_t emaki_loop_id(void) { return loop_id; }

void emaki_set_loop_id(uint64_t id) { loop_id = id; }

__attribute__((tls_model("initial-exec"))) static _Thread_local uint64_t run_id;

uint64_t emaki_run_id(void) { return run_id; }

void emaki_set_run_id(uint64_t id) { run_id = id; }

void emaki_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#elif defined(__linux__)
    // Linux refuses longer names instead of cutting them.
    char cut[16];
    size_t index = 0;
    for (; index < sizeof cut - 1 && name[index] != 0; index++) cut[index] = name[index];
    cut[index] = 0;
    pthread_setname_np(pthread_self(), cut);
#endif
}
