/* passed_sockets.h — descriptors handed over by whoever started us, the LISTEN_FDS convention.
 *
 * As sd_listen_fds(3) describes it: LISTEN_PID names the process that is meant,
 * LISTEN_FDS says how many descriptors there are, and they begin at 3. A
 * service manager and our own supervisor speak it alike.
 */
#ifndef RELAY_PASSED_SOCKETS_H
#define RELAY_PASSED_SOCKETS_H

#include "err.h"
#include "problem.h"

#include <stdbool.h>
#include <sys/types.h>

enum { PASSED_SOCKETS_FIRST = 3, PASSED_SOCKETS_MAX = 16 };

/*
 * passed_sockets_parse reads the texts of LISTEN_PID and LISTEN_FDS (NULL when
 * unset) for process |self|; pure. |ret_count| is 0 when nothing is meant for it.
 *   ERR_OK, ERR_MALFORMED (no numbers), ERR_RANGE (more than PASSED_SOCKETS_MAX).
 */
enum err passed_sockets_parse(const char *listen_pid, const char *listen_fds, pid_t self,
                              unsigned *ret_count) MUST_CHECK;

/*
 * passed_sockets_take takes over what was passed to this process: descriptors
 * PASSED_SOCKETS_FIRST and on are close-on-exec afterwards and belong to the
 * caller. The variables are unset, so that nothing started later believes them.
 *   ERR_OK, ERR_MALFORMED, ERR_RANGE, or ERR_IO (a descriptor is not open), with
 *   |problem| written.
 */
enum err passed_sockets_take(unsigned *ret_count, struct problem *problem) MUST_CHECK;

/*
 * passed_sockets_place makes |fds| (|count| of them) the descriptors 3, 4, …
 * of this process, open over exec, and sets the variables for it. For a forked
 * child just before exec: whatever had those numbers is closed. False when the
 * system refused; errno says why.
 */
bool passed_sockets_place(const int *fds, unsigned count);

#endif
