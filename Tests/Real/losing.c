// What a power cut would take away, on a disk that never loses power.
//
// Loaded before `emaki` (LD_PRELOAD), this writes down each call that changes the store, with its
// bytes, before the call is made, and once it has returned. The calls themselves go on to the
// system unchanged, so reading, mapping and direct writes work as ever. After a kill, `power.py`
// plays the list onto the files as they were when the process started: what a sync covers is kept,
// and of the rest any part may be missing or torn.
//
// EMAKI_LOSING_ROOT     the store; calls on files elsewhere are not written down
// EMAKI_LOSING_LIST     the list, a file that exists
// EMAKI_LOSING_KILL_AT  the process kills itself just before this call (1: the first)
// EMAKI_LOSING_NO_DIRECT  writes that are durable by themselves are refused, so that `create`
//                       chooses syncs
// EMAKI_LOSING_LIES     which calls say yes and promise nothing: the control, which must be noticed.
//                       w: writes durable by themselves, and fdatasync; f: fsync of files;
//                       d: fsync of folders
//
// A record is eight numbers of 32 bits (kind, number, offset low, offset high, flag, bytes of the
// path, bytes of the contents, a fixed mark), then the path below the root, then the contents.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { END = 1, WRITE, RESIZE, SYNC, CREATE, MAKE_FOLDER, RENAME, REMOVE };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_bytes;
static int list = -1;
static long kill_at;
static int no_direct;
static const char *lies = "";
static uint32_t count;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *place = getenv("EMAKI_LOSING_ROOT"), *path = getenv("EMAKI_LOSING_LIST");
    const char *limit = getenv("EMAKI_LOSING_KILL_AT");
    if (!place || !path) return;
    snprintf(root, sizeof root, "%s", place);
    root_bytes = strlen(root);
    kill_at = limit ? atol(limit) : 0;
    no_direct = getenv("EMAKI_LOSING_NO_DIRECT") != NULL;
    if (getenv("EMAKI_LOSING_LIES")) lies = getenv("EMAKI_LOSING_LIES");
    list = REAL(open)(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (list < 0) abort();
}

// The part of a path below the root; NULL: elsewhere, or without a name.
static const char *below(const char *path) {
    if (list < 0 || strncmp(path, root, root_bytes) != 0) return NULL;
    if (path[root_bytes] == 0) return "";
    if (path[root_bytes] != '/' || strstr(path, " (deleted)")) return NULL;
    return path + root_bytes + 1;
}

static const char *path_of(int descriptor, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t bytes = readlink(link, buffer, PATH_MAX - 1);
    if (bytes < 0) return NULL;
    buffer[bytes] = 0;
    return below(buffer);
}

static void put(const void *bytes, size_t size) {
    for (const char *next = bytes; size > 0;) {
        ssize_t done = write(list, next, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort();
        next += done;
        size -= (size_t)done;
    }
}

static uint32_t note(
    enum kind kind, const char *path, int64_t offset, uint32_t flag, const void *bytes, size_t size
) {
    int error = errno;
    pthread_mutex_lock(&lock);
    uint32_t number = ++count;
    size_t path_bytes = strlen(path);
    uint32_t head[8] = {kind,
                        number,
                        (uint32_t)offset,
                        (uint32_t)((uint64_t)offset >> 32),
                        flag,
                        (uint32_t)path_bytes,
                        (uint32_t)size,
                        0x454d414b};
    put(head, sizeof head);
    put(path, path_bytes);
    put(bytes, size);
    if (kill_at > 0 && number == (uint32_t)kill_at) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return number;
}

// The call of this number has returned; `flag` says whether it worked.
static void ended(uint32_t begun, int worked) {
    int error = errno;
    pthread_mutex_lock(&lock);
    uint32_t head[8] = {END, begun, 0, 0, (uint32_t)worked, 0, 0, 0x454d414b};
    put(head, sizeof head);
    pthread_mutex_unlock(&lock);
    errno = error;
}

// Writes and syncs

static ssize_t write_at(int descriptor, const void *bytes, size_t size, off_t offset, int flags) {
    char buffer[PATH_MAX];
    const char *path = path_of(descriptor, buffer);
    int durable = (flags & RWF_DSYNC) != 0 && !strchr(lies, 'w');
    uint32_t number = path ? note(WRITE, path, offset, (uint32_t)durable, bytes, size) : 0;
    ssize_t done;
    if (flags) {
        struct iovec vector = {(void *)bytes, size};
        done = REAL(pwritev2)(descriptor, &vector, 1, offset, flags);
    } else {
        done = REAL(pwrite)(descriptor, bytes, size, offset);
    }
    if (path) ended(number, done == (ssize_t)size);
    return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
    return write_at(descriptor, bytes, size, offset, 0);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off_t offset) {
    return write_at(descriptor, bytes, size, offset, 0);
}

ssize_t pwritev2(
    int descriptor, const struct iovec *parts, int parts_count, off_t offset, int flags
) {
    if (parts_count != 1) abort();
    if (no_direct) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return write_at(descriptor, parts->iov_base, parts->iov_len, offset, flags);
}

static int sync_by(int (*call)(int), int descriptor, int is_data) {
    char buffer[PATH_MAX];
    const char *path = path_of(descriptor, buffer);
    if (!path) return call(descriptor);
    struct stat status;
    int is_folder = fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
    if (strchr(lies, is_data ? 'w' : is_folder ? 'd' : 'f')) return 0;
    uint32_t number = note(SYNC, path, 0, 0, NULL, 0);
    int result = call(descriptor);
    ended(number, result == 0);
    return result;
}

int fsync(int descriptor) { return sync_by(REAL(fsync), descriptor, 0); }

int fdatasync(int descriptor) { return sync_by(REAL(fdatasync), descriptor, 1); }

int ftruncate(int descriptor, off_t size) {
    char buffer[PATH_MAX];
    const char *path = path_of(descriptor, buffer);
    if (!path) return REAL(ftruncate)(descriptor, size);
    uint32_t number = note(RESIZE, path, size, 0, NULL, 0);
    int result = REAL(ftruncate)(descriptor, size);
    ended(number, result == 0);
    return result;
}

// Names

static int open_as(const char *path, int flags, mode_t mode) {
    const char *name = below(path);
    int unnamed = (flags & O_TMPFILE) == O_TMPFILE;
    if (!name || unnamed || !(flags & O_CREAT) || access(path, F_OK) == 0)
        return REAL(open)(path, flags, mode);
    uint32_t number = note(CREATE, name, 0, 0, NULL, 0);
    int result = REAL(open)(path, flags, mode);
    ended(number, result >= 0);
    return result;
}

#define OPEN(name)                                   \
    int name(const char *path, int flags, ...) {     \
        va_list rest;                                \
        va_start(rest, flags);                       \
        mode_t mode = (mode_t)va_arg(rest, int);     \
        va_end(rest);                                \
        return open_as(path, flags, mode);           \
    }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) {
    const char *name = below(path);
    if (!name) return REAL(mkdir)(path, mode);
    uint32_t number = note(MAKE_FOLDER, name, 0, 0, NULL, 0);
    int result = REAL(mkdir)(path, mode);
    ended(number, result == 0);
    return result;
}

int rename(const char *path, const char *target) {
    const char *name = below(path), *target_name = below(target);
    if (!name || !target_name) return REAL(rename)(path, target);
    uint32_t number = note(RENAME, name, 0, 0, target_name, strlen(target_name));
    int result = REAL(rename)(path, target);
    ended(number, result == 0);
    return result;
}

int remove(const char *path) {
    const char *name = below(path);
    if (!name) return REAL(remove)(path);
    uint32_t number = note(REMOVE, name, 0, 0, NULL, 0);
    int result = REAL(remove)(path);
    ended(number, result == 0);
    return result;
}
