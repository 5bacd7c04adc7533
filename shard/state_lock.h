/* state_lock.h — one supervisor for each state directory. */
#ifndef RELAY_STATE_LOCK_H
#define RELAY_STATE_LOCK_H

#include "err.h"
#include "problem.h"

#define STATE_LOCK_FILE "supervisor.lock" /* in the state directory */

struct state_lock {
    int fd; /* holds the lock; close-on-exec; -1 when not taken */
};

#define STATE_LOCK_OPEN ((struct state_lock){.fd = -1})

/*
 * state_lock_take takes the lock of the state directory at |path|, until
 * state_lock_release or the end of the process. The process id of the holder is in the file.
 *   ERR_OK, ERR_EXISTS (a live supervisor has it), or another error; |problem| is written.
 */
enum err state_lock_take(const char *path, struct state_lock *ret,
                         struct problem *problem) MUST_CHECK;

/* state_lock_release gives it back; the file stays. Also when it was not taken. */
void state_lock_release(struct state_lock *lock);

#endif
