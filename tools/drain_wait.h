/* drain_wait.h — waits until a draining shard is empty, and says how far it is. */
#ifndef RELAY_DRAIN_WAIT_H
#define RELAY_DRAIN_WAIT_H

#include "counter_page.h"
#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DRAIN_LOOK_MSEC = 200, /* between two looks at the counter page */
    DRAIN_GONE_SEC = 5,    /* so long it may be away: it is being started again */
};

/* What is known of the shard. Zero but for |shard| at the start. */
struct drain_wait {
    uint32_t shard;
    int64_t pid;               /* of the process that was seen last; 0: none yet */
    struct mono_time alive_at; /* the last time that a process was there */
    uint64_t left;             /* allocations, and ports reserved for one */
    bool is_restored;          /* all that was recorded of it is among them */
};

enum drain_progress {
    DRAIN_GOES_ON,
    DRAIN_EMPTY,
    DRAIN_RESTARTED, /* it is another process from now on, and drains as well */
    DRAIN_ENDED,     /* somebody has ended the draining */
    DRAIN_HANGS,     /* the process is there and does not move */
    DRAIN_GONE,      /* no process is there any more */
};

/*
 * drain_wait_look judges |snapshot|, the counter page of the shard at |now|; NULL when it cannot be
 * read. Updates |wait|. Pure.
 *
 * A shard is empty when it says that it drains, has nothing left, and nothing to restore any more:
 * one that was started while the registry is away may have.
 */
enum drain_progress drain_wait_look(struct drain_wait *wait,
                                    const struct counter_snapshot *snapshot, struct mono_time now);

#endif
