/* portal_backoff.c — how long to wait before the next attempt to reach the control plane; pure. */
#include "portal/portal_backoff.h"

/* |first| grown by half |steps| times, at most |longest|; all in milliseconds. */
static int64_t grown_usec(int64_t first_msec, int64_t longest_msec, uint32_t steps)
{
    int64_t usec = first_msec * 1000, longest = longest_msec * 1000;

    for (; steps > 0 && usec < longest; steps--)
        usec += usec / 2;
    return usec < longest ? usec : longest;
}

void portal_backoff_admitted(struct portal_backoff *backoff, struct mono_time now)
{
    backoff->was_admitted = true;
    backoff->admitted_at = now;
}

/* An admission that was there is over. */
static void end_admission(struct portal_backoff *backoff, struct mono_time now)
{
    bool was_steady =
        !mono_time_before(now, mono_time_add_sec(backoff->admitted_at, PORTAL_STEADY_SEC));

    if (was_steady)
        backoff->flaps = 0;
    backoff->failures = backoff->flaps;
    if (!was_steady && backoff->flaps < UINT32_MAX)
        backoff->flaps++;
    backoff->admitted_at = MONO_TIME_NEVER;
}

int64_t portal_backoff_failed(struct portal_backoff *backoff, struct mono_time now, uint32_t random)
{
    uint32_t failures;
    int64_t wait;

    if (!mono_time_is_never(backoff->admitted_at))
        end_admission(backoff, now);
    failures = backoff->failures;
    if (backoff->failures < UINT32_MAX)
        backoff->failures++;
    if (!backoff->was_admitted)
        wait = grown_usec(PORTAL_CONTACT_FIRST_MSEC, PORTAL_CONTACT_LONGEST_MSEC, failures);
    else if (failures == 0)
        return 0;
    else
        wait = grown_usec(PORTAL_RETURN_FIRST_MSEC, PORTAL_RETURN_LONGEST_MSEC, failures - 1);
    return wait / 2 + (int64_t)random % (wait / 2 + 1);
}
