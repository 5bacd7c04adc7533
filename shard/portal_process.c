/* portal_process.c — the supervisor's part of the control-plane connection. */
#include "portal_process.h"

#include "child_process.h"
#include "log.h"
#include "portal_program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void portal_process_init(struct portal_process *portal, const struct relay_options *options,
                         char **argv, struct mono_time now)
{
    *portal = (struct portal_process){
        .options = options,
        .argv = argv,
        .start_at = options->portal_url != NULL ? now : MONO_TIME_NEVER,
    };
}

/* The child's part, up to the program. Does not return. */
static _Noreturn void become_portal(const struct portal_process *portal, pid_t supervisor)
{
    struct problem problem;

    if (!child_process_settle(supervisor))
        _exit(PORTAL_EXIT_FAILED);
    (void)portal_program_run(portal->options, portal->argv, &problem);
    log_event(LOG_LEVEL_ERROR, "portal process not started", "error", problem.text, NULL);
    _exit(PORTAL_EXIT_FAILED);
}

void portal_process_start_due(struct portal_process *portal, struct mono_time now)
{
    if (portal->pid > 0 || !mono_time_due(portal->start_at, now))
        return;
    pid_t supervisor = getpid();
    pid_t pid = fork();

    if (pid == 0)
        become_portal(portal, supervisor);
    portal->started_at = now;
    if (pid > 0) {
        portal->pid = pid;
        return;
    }
    log_event(LOG_LEVEL_ERROR, "portal process not started", "error", strerror(errno), NULL);
    portal->start_at = restart_backoff_died(&portal->backoff, now, now);
}

bool portal_process_ended(struct portal_process *portal, pid_t pid, int status,
                          struct mono_time now, bool is_stopping)
{
    if (portal->pid != pid || pid <= 0)
        return false;
    portal->pid = 0;
    if (is_stopping)
        return true;
    bool is_signal = WIFSIGNALED(status);
    int number = is_signal ? WTERMSIG(status) : WEXITSTATUS(status);

    if (portal->is_told_to_end) {
        portal->is_told_to_end = false;
        portal->start_at = now;
    } else if (is_signal || number == PORTAL_EXIT_STOPPED || number == PORTAL_EXIT_FAILED) {
        portal->start_at = restart_backoff_died(&portal->backoff, portal->started_at, now);
        log_event(LOG_LEVEL_WARNING, "portal process died", "pid", LOG_U64((uint64_t)pid),
                  is_signal ? "signal" : "exit_code", LOG_U64((uint64_t)number), "restarts",
                  LOG_U64(portal->restarts), "restart_in_msec",
                  LOG_U64((uint64_t)mono_time_until(portal->start_at, now) / 1000), NULL);
    } else {
        /* It has said why. What the shards have, they keep. */
        portal->start_at = MONO_TIME_NEVER;
        log_event(LOG_LEVEL_ERROR,
                  "no connection to the control plane from now on; the shards go on", "exit_code",
                  LOG_U64((uint64_t)number), NULL);
    }
    portal->restarts++;
    return true;
}

void portal_process_restart(struct portal_process *portal, struct mono_time now)
{
    if (portal->options->portal_url == NULL)
        return;
    portal->backoff = (struct restart_backoff){0};
    portal->start_at = now;
    portal->is_told_to_end = portal->pid > 0;
    portal_process_signal(portal, SIGTERM);
}

void portal_process_signal(const struct portal_process *portal, int number)
{
    if (portal->pid > 0)
        (void)kill(portal->pid, number);
}
