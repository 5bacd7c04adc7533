/* portal_process.h — the supervisor's part of the control-plane connection: its process is started,
 * started again when it dies, and left alone when it says that it is of no use. */
#ifndef RELAY_PORTAL_PROCESS_H
#define RELAY_PORTAL_PROCESS_H

#include "mono_time.h"
#include "options.h"
#include "restart_backoff.h"

#include <stdbool.h>
#include <sys/types.h>

struct portal_process {
    const struct relay_options *options;
    char **argv;               /* of the supervisor, NULL-terminated */
    pid_t pid;                 /* 0 while it is not running */
    bool is_told_to_end;       /* to be started again at once */
    struct mono_time start_at; /* while it is not running: when to start it; may be NEVER */
    struct mono_time started_at;
    struct restart_backoff backoff;
    uint64_t restarts;
};

/* portal_process_init: nothing runs yet. |options| and |argv| must outlive it. Without a
 * --portal-url it is never due. */
void portal_process_init(struct portal_process *portal, const struct relay_options *options,
                         char **argv, struct mono_time now);

/* portal_process_start_due starts it if it is due. Its own word is in the log and in
 * the state directory (portal/portal_status.h). */
void portal_process_start_due(struct portal_process *portal, struct mono_time now);

/* portal_process_next_start: when it is due; NEVER while it runs, and after its end for good. */
static inline struct mono_time portal_process_next_start(const struct portal_process *portal)
{
    return portal->pid > 0 ? MONO_TIME_NEVER : portal->start_at;
}

/*
 * portal_process_ended: the child |pid| has ended with |status|. False when that was none of
 * ours. It is due again at once or after a while, unless it exited with a code
 * after which that makes no sense (portal_program.h). |is_stopping|: whatever it was is fine.
 */
bool portal_process_ended(struct portal_process *portal, pid_t pid, int status,
                          struct mono_time now, bool is_stopping);

/* portal_process_restart: with a new program or configuration, also after its end for good. */
void portal_process_restart(struct portal_process *portal, struct mono_time now);

/* portal_process_signal sends it |number|, if it runs. */
void portal_process_signal(const struct portal_process *portal, int number);

#endif
