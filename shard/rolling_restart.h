/* rolling_restart.h — which shard is to be restarted next, when all are, one after the other; pure.
 *
 *     begun ──► shard 0: stop it ──► ended ──► started, serves ──► shard 1: … ──► over
 *                  │ too slow: kill it           │ too slow: go on all the same
 *
 * One shard at a time is away, for as long as it takes to start, and its datagrams wait in
 * its sockets.
 */
#ifndef RELAY_ROLLING_RESTART_H
#define RELAY_ROLLING_RESTART_H

#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ROLLING_STOP_SEC = 5,  /* for its end, then it is killed */
    ROLLING_SERVE_SEC = 5, /* for serving again */
    ROLLING_LOOK_MSEC = 10 /* between two looks */
};

enum rolling_step {
    ROLLING_NOTHING, /* over, or not begun */
    ROLLING_STOP,    /* have |shard| stop */
    ROLLING_KILL,    /* it takes too long */
    ROLLING_WAIT,
};

/* Zero: not begun. */
struct rolling_restart {
    bool is_under_way;
    bool is_wanted_again; /* when this one is over */
    bool is_stopping;     /* |shard| was told to */
    bool has_ended;
    uint32_t shard;
    struct mono_time deadline;
};

/* rolling_restart_begin begins with the first shard; when one is under way, after that. */
void rolling_restart_begin(struct rolling_restart *rolling);

/*
 * rolling_restart_next says what to do with |rolling->shard| of |shards|. |is_running|: its
 * process lives; |is_serving|: and serves, as the process that it is now.
 */
enum rolling_step rolling_restart_next(struct rolling_restart *rolling, uint32_t shards,
                                       bool is_running, bool is_serving, struct mono_time now);

/* rolling_restart_ended: the process of |shard| has ended. Was it told to? Then it is started
 * again at once. */
bool rolling_restart_ended(struct rolling_restart *rolling, uint32_t shard, struct mono_time now);

#endif
