/* ownership_local_availability.h — whether the embedded store can be used, and when to try again.
 *
 *     NEW ──► AVAILABLE ◄──► LOCKED   somebody has kept the lock for three time-outs
 *                       ◄──► BROKEN   it can be neither opened nor made anew, or not be written
 *                       ◄──► FULL     away for what needs room
 *
 * Pure: the time goes in.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_AVAILABILITY_H
#define RELAY_OWNERSHIP_LOCAL_AVAILABILITY_H

#include "mono_time.h"
#include "ownership_local_store.h"

#include <stdbool.h>

enum local_state {
    LOCAL_IS_NEW,
    LOCAL_IS_AVAILABLE,
    LOCAL_IS_LOCKED,
    LOCAL_IS_BROKEN,
    LOCAL_IS_FULL,
};

struct local_availability {
    enum local_state state;
    enum local_state told; /* to the caller */
    struct problem why;
    int64_t timeout_usec;
    uint64_t generation; /* of the store that was used last */
    bool is_replaced;    /* and the caller has to be told */
    bool has_lease;      /* was given one, which a store that came back empty does not know */
    int64_t pause_usec;
    struct mono_time retry_at;   /* NEVER: nothing is to be tried again */
    struct mono_time busy_since; /* NEVER: it is not */
};

/* local_availability_init: it is to be tried at |now| for the first time. */
void local_availability_init(struct local_availability *availability, int64_t timeout_usec,
                             struct mono_time now);

/*
 * local_availability_failed notes a transaction that was LOCAL_BUSY, _BROKEN or _FULL, and when to
 * try again. local_availability_succeeded notes one on the store of |generation|; |is_write| tells
 * that it is more than readable, |is_full| that something found no room.
 */
void local_availability_failed(struct local_availability *availability, enum local_result result,
                               const struct problem *problem, struct mono_time now);
void local_availability_succeeded(struct local_availability *availability, uint64_t generation,
                                  bool is_write, bool is_full, struct mono_time now);

/* local_availability_lost: a write was STALE since nothing is remembered of the lease. */
void local_availability_lost(struct local_availability *availability);

/* What the caller has to be told: that it went, that it is back, or the one after the other. */
struct local_news {
    bool is_gone;
    bool is_back;
    struct problem why;
};

/* local_availability_take_news gives what was not told yet; false when that is nothing. */
bool local_availability_take_news(struct local_availability *availability, struct local_news *ret);

#endif
