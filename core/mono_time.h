/* mono_time.h — instants: monotonic time for deadlines, wall time for credentials.
 *
 * Two types, so that one cannot be passed for the other. Both are inputs of
 * the core; the core reads no clock. Monotonic time is shared by all shards of
 * a host (the system's monotonic clock) and starts anew at boot.
 */
#ifndef RELAY_MONO_TIME_H
#define RELAY_MONO_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* An instant on the monotonic clock, in microseconds. 0 is an instant. */
struct mono_time {
    int64_t usec;
};

/* An instant on the wall clock, in seconds since 1970 (UTC). */
struct wall_time {
    uint64_t sec;
};

/* The two clocks, latched together once per wake-up of the event loop. */
struct turn_now {
    struct mono_time mono;
    struct wall_time wall;
};

#define USEC_PER_SEC    INT64_C(1000000)
#define MONO_TIME_NEVER ((struct mono_time){.usec = INT64_MAX})

static inline bool mono_time_is_never(struct mono_time t)
{
    return t.usec == INT64_MAX;
}

/* mono_time_due: |deadline| has come at |now|. NEVER is never due. */
static inline bool mono_time_due(struct mono_time deadline, struct mono_time now)
{
    return deadline.usec != INT64_MAX && deadline.usec <= now.usec;
}

static inline bool mono_time_before(struct mono_time a, struct mono_time b)
{
    return a.usec < b.usec;
}

/* mono_time_add_usec adds |usec| >= 0 and saturates at NEVER. */
static inline struct mono_time mono_time_add_usec(struct mono_time t, int64_t usec)
{
    if (t.usec > INT64_MAX - usec)
        return MONO_TIME_NEVER;
    return (struct mono_time){.usec = t.usec + usec};
}

/* mono_time_add_sec adds |sec| seconds and saturates at NEVER. */
static inline struct mono_time mono_time_add_sec(struct mono_time t, uint32_t sec)
{
    return mono_time_add_usec(t, (int64_t)sec * USEC_PER_SEC);
}

/* mono_time_until returns the microseconds from |now| to |t|, 0 when |t| has passed. */
static inline int64_t mono_time_until(struct mono_time t, struct mono_time now)
{
    if (t.usec == INT64_MAX)
        return INT64_MAX;
    return t.usec > now.usec ? t.usec - now.usec : 0;
}

#endif
