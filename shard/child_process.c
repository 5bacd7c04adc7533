/* child_process.c — what a process that the supervisor has forked does before it becomes another
 * program. */
#include "child_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

bool child_process_settle(pid_t supervisor)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)setpgid(0, 0);
    /* Between fork and prctl the supervisor may have died unseen. */
    return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == supervisor &&
           sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}
