/* restore.h — rebuilds a starting shard from its records, and adopts those of shards that are no
 * more.
 *
 *     the first lease ──► own records, each into the core
 *                     ──► leases of this host: which shards are there no more?
 *                           shard J >= N with J mod N = K, and no process of it:
 *                           its lease taken, its records into the core, its lease ended
 *                     ──► what was adopted is claimed (registrar.h)
 *                     ──► once more: the lease of one that has nothing left says so
 *                     ──► done
 *
 * The core opens the relay ports again; permissions, channels and lifetimes are as they were.
 * A record that cannot be restored (its port taken, its family gone, its username's key another
 * one, its time over) is removed, logged and counted: it must not come back another day.
 * Adopted allocations are claimed afterwards (registrar.h), and this shard's.
 *
 * Where the slices of relay ports have changed since the last start, a shard that began to give
 * out ports could take one that another shard is about to open again. So then everybody who has
 * records is waited for, but not for long.
 */
#ifndef RELAY_RESTORE_H
#define RELAY_RESTORE_H

#include "err.h"
#include "ownership.h"
#include "turn_server.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RESTORE_LEASE_MSEC = 1000,   /* longest wait for the first lease */
    RESTORE_OTHERS_MSEC = 3000,  /* longest wait for other shards */
    RESTORE_ASK_MSEC = 20,       /* between two looks at them */
    RESTORE_ORPHANS_MSEC = 1000, /* between two looks at shards whose process is still there */
    RESTORE_RETRY_MSEC = 500,    /* after the registry did not answer */
};

struct restore;

enum shard_process_state {
    SHARD_PROCESS_NONE,     /* there is none */
    SHARD_PROCESS_STARTING, /* it may be about to open relay ports again */
    SHARD_PROCESS_SERVING,
    SHARD_PROCESS_DRAINING, /* it serves, and makes no new allocations */
    SHARD_PROCESS_HANGING,  /* it is there, and has not moved for some time */
};

struct restore_config {
    struct ownership *ownership; /* must outlive it, as the next one */
    struct turn_server *server;
    struct shard_lease lease; /* of this shard: its owner, shards, slice and boot are used */
    uint64_t *values;         /* of the counter page */
    /* As in registrar.h. */
    struct turn_now (*begin)(void *context);
    void (*on_commands)(void *context, struct turn_now now);
    struct ownership_writer (*writer)(void *context);
    /* What the process of shard |shard| of this host does. */
    enum shard_process_state (*process)(void *context, uint32_t shard);
    /* The core holds what was recorded of this shard. |rewrite|: it may not be recorded as it
     * is held, since times changed with the boot, or it served already. */
    void (*on_restored)(void *context, struct turn_now now, bool rewrite);
    /* All relay ports that this shard has to open are open; |adopted| allocations were those of
     * other shards, and want to be claimed. */
    void (*on_adopted)(void *context, struct turn_now now, uint64_t adopted);
    /* Serve: nobody else is about to open a port of this slice, or the registry is away. Once. */
    void (*on_ready)(void *context, struct turn_now now);
    void *context;
};

/* restore_new: ERR_OK or ERR_NO_MEMORY. */
enum err restore_new(const struct restore_config *config, struct turn_now now,
                     struct restore **ret) MUST_CHECK;

/* restore_free: after ownership_close. NULL is fine. */
void restore_free(struct restore *restore);

/* restore_begin: the shard has its first lease; |former| is the one before, or NULL. */
void restore_begin(struct restore *restore, struct turn_now now, const struct shard_lease *former);

/* restore_run does what is due and returns when it wants to be called next. At the end of
 * every round. */
struct mono_time restore_run(struct restore *restore, struct turn_now now);

#endif
