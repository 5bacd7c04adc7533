/* ownership_local_availability.c — whether the embedded store can be used, and when to try again.
 */
#include "ownership_local_availability.h"

enum {
    BUSY_USEC_MIN = 1000,
    BUSY_USEC_MAX = 16000,
    AWAY_USEC_MIN = 100000,
    AWAY_USEC_MAX = 2000000,
    /* A lock that was not to be had for so many time-outs is as a store that is away. */
    SILENCE_TIMEOUTS = 3,
};

void local_availability_init(struct local_availability *availability, int64_t timeout_usec,
                             struct mono_time now)
{
    *availability = (struct local_availability){
        .timeout_usec = timeout_usec, .retry_at = now, .busy_since = MONO_TIME_NEVER};
}

static void retry_after(struct local_availability *availability, int64_t usec_min, int64_t usec_max,
                        struct mono_time now)
{
    int64_t usec = availability->pause_usec < usec_min ? usec_min : 2 * availability->pause_usec;

    availability->pause_usec = usec < usec_max ? usec : usec_max;
    availability->retry_at = mono_time_add_usec(now, availability->pause_usec);
}

static void failed_busy(struct local_availability *availability, struct mono_time now)
{
    retry_after(availability, BUSY_USEC_MIN, BUSY_USEC_MAX, now);
    if (mono_time_is_never(availability->busy_since))
        availability->busy_since = now;
    int64_t usec = now.usec - availability->busy_since.usec;

    if (availability->state != LOCAL_IS_BROKEN &&
        usec >= SILENCE_TIMEOUTS * availability->timeout_usec) {
        availability->state = LOCAL_IS_LOCKED;
        problem_set(&availability->why,
                    "another process has kept the lock of the store for %lld ms",
                    (long long)(usec / 1000));
    }
}

void local_availability_failed(struct local_availability *availability, enum local_result result,
                               const struct problem *problem, struct mono_time now)
{
    if (result == LOCAL_BUSY) {
        failed_busy(availability, now);
        return;
    }
    availability->state = result == LOCAL_FULL ? LOCAL_IS_FULL : LOCAL_IS_BROKEN;
    availability->why = *problem;
    availability->busy_since = MONO_TIME_NEVER;
    retry_after(availability, AWAY_USEC_MIN, AWAY_USEC_MAX, now);
}

void local_availability_succeeded(struct local_availability *availability, uint64_t generation,
                                  bool is_write, bool is_full, struct mono_time now)
{
    if (availability->generation != generation) {
        availability->is_replaced = availability->generation != 0;
        availability->generation = generation;
    }
    if (is_write)
        availability->busy_since = MONO_TIME_NEVER;
    if (is_full) {
        if (availability->state != LOCAL_IS_FULL)
            problem_set(&availability->why, "the store is full");
        availability->state = LOCAL_IS_FULL;
        if (mono_time_is_never(availability->retry_at) ||
            mono_time_due(availability->retry_at, now))
            retry_after(availability, AWAY_USEC_MIN, AWAY_USEC_MAX, now);
    } else if (is_write || availability->state == LOCAL_IS_NEW) {
        availability->state = LOCAL_IS_AVAILABLE;
        availability->pause_usec = 0;
        availability->retry_at = MONO_TIME_NEVER;
    }
}

void local_availability_lost(struct local_availability *availability)
{
    if (!availability->has_lease || availability->state != LOCAL_IS_AVAILABLE)
        return;
    availability->has_lease = false;
    availability->is_replaced = true;
}

static bool is_away(enum local_state state)
{
    return state != LOCAL_IS_NEW && state != LOCAL_IS_AVAILABLE;
}

bool local_availability_take_news(struct local_availability *availability, struct local_news *ret)
{
    enum local_state told = availability->told, state = availability->state;

    /* From one way of being away to another is no news. */
    *ret = (struct local_news){
        .is_gone = is_away(state) && !is_away(told),
        .is_back = state == LOCAL_IS_AVAILABLE && told != LOCAL_IS_AVAILABLE,
        .why = availability->why,
    };
    if (state == LOCAL_IS_AVAILABLE && told == LOCAL_IS_AVAILABLE && availability->is_replaced) {
        ret->is_gone = ret->is_back = true;
        problem_set(&ret->why, "the store has been replaced: what was recorded is lost");
    }
    if (state == LOCAL_IS_AVAILABLE)
        availability->is_replaced = false;
    availability->told = state;
    if (ret->is_gone)
        availability->has_lease = false;
    return ret->is_gone || ret->is_back;
}
