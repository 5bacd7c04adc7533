/* drain.h — whether this shard takes new allocations: what the operator wants, kept over the end of
 * the process.
 *
 *     relayctl drain ──► shard-K.drain ──► core, handover, lease, counter page ──► "done"
 *     start ───────────► is it there? ────► the same
 *
 * The mark is a file of the state directory. It is there before the operator is answered, and
 * goes before the end of draining is: a crash, a restart or an upgrade in between changes nothing.
 */
#ifndef RELAY_DRAIN_H
#define RELAY_DRAIN_H

#include "counter_page.h"
#include "err.h"
#include "membership.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

struct drain {
    const struct state_dir *dir; /* all must outlive it */
    uint32_t shard;
    struct counter_page *page;
    struct membership *membership;
    bool is_draining;
    bool is_ready;
};

/* drain_begin has the shard drain, and the log say so, if it is marked. Before it serves. */
void drain_begin(struct drain *drain);

/* drain_ready puts what the shard does into its counter page: it serves from now on. */
void drain_ready(struct drain *drain);

/*
 * drain_set begins to drain or ends that; also when it is so already. Waits for the disk, where the
 * state directory is on one. ERR_OK, or ERR_IO with |problem| written: the shard goes on as before.
 * Where the disk failed it is not sure then what the next process finds.
 */
enum err drain_set(struct drain *drain, bool is_draining, struct problem *problem) MUST_CHECK;

#endif
