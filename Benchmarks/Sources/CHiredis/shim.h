#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

// Of Linux; the C library shows it only to those who ask for all of its extensions.
extern int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

static inline int wait_for_any(
    struct pollfd *polls, nfds_t count, const struct timespec *patience) {
    return ppoll(polls, count, patience, 0);
}
