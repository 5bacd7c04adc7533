/* restart_backoff.h — when a shard that died is started again; pure.
 *
 * A shard that had been up for a while comes back at once. One that dies young
 * again and again waits longer each time, so that a broken machine is not kept
 * busy with starting.
 */
#ifndef RELAY_RESTART_BACKOFF_H
#define RELAY_RESTART_BACKOFF_H

#include "mono_time.h"

#include <stdint.h>

enum {
    /* Dying sooner than this after its start, a shard died young. */
    RESTART_YOUNG_SEC = 1,
    /* The wait after the second young death in a row; it doubles with each further one … */
    RESTART_FIRST_WAIT_MSEC = 250,
    /* … up to this. */
    RESTART_LONGEST_WAIT_MSEC = 10000,
};

/* All zero is a shard that has not died yet. */
struct restart_backoff {
    uint32_t young_deaths; /* in a row */
};

/*
 * restart_backoff_died notes a death at |now| of a shard started at |started|.
 * Returns when to start it again: |now| itself for the first death in a row.
 */
struct mono_time restart_backoff_died(struct restart_backoff *backoff, struct mono_time started,
                                      struct mono_time now);

#endif
