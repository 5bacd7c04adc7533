/* ownership_local_guard.h — calls LMDB so that a store that broke underneath does not end the
 * process.
 *
 * LMDB reads a map of the file and believes what is there. Where the file was truncated a moment
 * ago the kernel sends SIGBUS; where it was overwritten LMDB may follow an address to nowhere, or
 * give up by an assertion. During a call by local_guard_run each of these ends the call; then
 * LMDB's environment is in no known state and must not be used again, not even closed.
 *
 * What this cannot help: garbage that makes LMDB overwrite memory of its own. It takes somebody who
 * may write to our files, and a page that looks nearly right.
 *
 * The handlers of SIGBUS and SIGSEGV are those of the process. Outside of such a call they do what
 * was done before.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_GUARD_H
#define RELAY_OWNERSHIP_LOCAL_GUARD_H

#include <errno.h>

#include <lmdb.h>

/* What local_guard_run returns in that case: no error of LMDB's own. */
enum { LOCAL_FAULT = EFAULT };

/* local_guard_init sets the handlers, once in a process. */
void local_guard_init(void);

/* local_guard_watch has assertions about |lmdb| end the call, too. */
void local_guard_watch(MDB_env *lmdb);

/* local_guard_run calls |run|, which has to call nothing but LMDB, and returns what it returns, or
 * LOCAL_FAULT. Not for calls inside each other. */
int local_guard_run(int (*run)(void *context), void *context);

#endif
