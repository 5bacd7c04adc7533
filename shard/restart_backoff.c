/* restart_backoff.c — when a shard that died is started again; pure. */
#include "restart_backoff.h"

struct mono_time restart_backoff_died(struct restart_backoff *backoff, struct mono_time started,
                                      struct mono_time now)
{
    int64_t wait_msec = RESTART_FIRST_WAIT_MSEC;

    if (!mono_time_before(now, mono_time_add_sec(started, RESTART_YOUNG_SEC)))
        backoff->young_deaths = 0;
    if (backoff->young_deaths < UINT32_MAX)
        backoff->young_deaths++;
    if (backoff->young_deaths == 1)
        return now;

    for (uint32_t i = 2; i < backoff->young_deaths && wait_msec < RESTART_LONGEST_WAIT_MSEC; i++)
        wait_msec *= 2;
    if (wait_msec > RESTART_LONGEST_WAIT_MSEC)
        wait_msec = RESTART_LONGEST_WAIT_MSEC;
    return mono_time_add_usec(now, wait_msec * 1000);
}
