/* lease.c — when a shard's lease is to be renewed, and when it has become doubtful. Pure. */
#include "lease.h"

void lease_start(struct lease_clock *lease, struct mono_time now)
{
    *lease = (struct lease_clock){.seen_at = now};
}

struct mono_time lease_end(struct mono_time asked_at)
{
    return mono_time_add_sec(asked_at, LEASE_SEC);
}

void lease_confirmed(struct lease_clock *lease, struct mono_time asked_at)
{
    lease->is_held = true;
    lease->until = lease_end(asked_at);
    lease->renew_at = mono_time_add_sec(asked_at, LEASE_RENEW_SEC);
}

void lease_asked(struct lease_clock *lease, struct mono_time now)
{
    lease->renew_at = mono_time_add_sec(now, LEASE_RENEW_SEC);
}

void lease_lost(struct lease_clock *lease)
{
    lease->is_held = false;
}

void lease_settled(struct lease_clock *lease)
{
    lease->is_doubtful = false;
}

bool lease_seen(struct lease_clock *lease, struct mono_time now)
{
    struct mono_time pause_end =
        mono_time_add_usec(lease->seen_at, (int64_t)LEASE_PAUSE_MSEC * 1000);
    bool stood_still = mono_time_due(pause_end, now);

    /* It has to hold until the registry can have renewed it. */
    struct mono_time soon = mono_time_add_usec(now, (int64_t)LEASE_MARGIN_MSEC * 1000);

    lease->seen_at = now;
    if (!stood_still || (lease->is_held && !mono_time_due(lease->until, soon)))
        return false;
    lease->is_doubtful = true;
    return true;
}
