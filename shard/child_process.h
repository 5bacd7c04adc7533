/* child_process.h — what a process that the supervisor has forked does before it becomes another
 * program. */
#ifndef RELAY_CHILD_PROCESS_H
#define RELAY_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * child_process_settle is called in the child of |supervisor|. It gives it a process group of its
 * own, so that ^C on the terminal reaches it through the supervisor only, has it get SIGTERM should
 * the supervisor die, and has it handle signals again, all of which may be blocked there.
 * False when the supervisor is dead already, or with errno when the system refuses.
 */
bool child_process_settle(pid_t supervisor);

#endif
