/* lease.h — when a shard's lease is to be renewed, and when it has become doubtful. Pure.
 *
 *     confirmed ──► holds ──► to be renewed ──► over
 *         ▲           LEASE_RENEW_SEC   LEASE_SEC │ while the process ran: the registry is away,
 *         │                                       │   and nobody else can claim anything
 *         └── asked again, and answered ◄─────────┤ while it stood still: DOUBTFUL
 *
 * A process that is paused (SIGSTOP, a stopped machine) for longer than its lease may have lost
 * what it owns, and must not send before it has asked. One whose registry is away goes on
 * (design: relaying never waits for the registry). What tells them apart is whether the process
 * itself was running, so it says every now and then that it is.
 *
 * Time is counted from when the registry was asked, not from its answer: a lease is
 * never believed for longer than the registry keeps it.
 */
#ifndef RELAY_LEASE_H
#define RELAY_LEASE_H

#include "mono_time.h"

#include <stdbool.h>

enum {
    LEASE_SEC = 6,
    LEASE_RENEW_SEC = 2,
    /* lease_seen at least so often, also when nothing happens … */
    LEASE_SEEN_MSEC = 400,
    /* … and who was not seen for so long stood still. */
    LEASE_PAUSE_MSEC = 1000,
    /* A lease with so little left may be over before it is renewed. */
    LEASE_MARGIN_MSEC = 1000,
};

struct lease_clock {
    bool is_held; /* the registry gave one, and has not said that it is gone */
    bool is_doubtful;
    struct mono_time until;    /* it holds until then; when |is_held| */
    struct mono_time renew_at; /* when |is_held| */
    struct mono_time seen_at;  /* the process ran then */
};

/* lease_start: a process that has no lease yet. */
void lease_start(struct lease_clock *lease, struct mono_time now);

/* lease_end of one asked for at |asked_at|: what to write into it. */
struct mono_time lease_end(struct mono_time asked_at);

/* lease_confirmed: the registry has given or renewed what was asked for at |asked_at|. A doubt
 * stays: lease_settled ends it, when it is known what was kept. */
void lease_confirmed(struct lease_clock *lease, struct mono_time asked_at);

/* lease_asked puts the next renewal off: one has just been asked for. */
void lease_asked(struct lease_clock *lease, struct mono_time now);

/* lease_lost: the registry says that it is gone. */
void lease_lost(struct lease_clock *lease);

/* lease_settled: whatever was lost meanwhile is known. */
void lease_settled(struct lease_clock *lease);

/* lease_seen: the process runs. Sets |is_doubtful| when it had stood still past the end of its
 * lease, or nearly, and tells so, also when it is doubtful already. Before anything is sent in a
 * wake-up. */
bool lease_seen(struct lease_clock *lease, struct mono_time now);

#endif
