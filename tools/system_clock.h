/* system_clock.h — the system's clocks as the types of mono_time.h. */
#ifndef RELAY_SYSTEM_CLOCK_H
#define RELAY_SYSTEM_CLOCK_H

#include "mono_time.h"

#include <stdint.h>
#include <time.h>

/* system_nsec returns the monotonic clock in nanoseconds. */
static inline uint64_t system_nsec(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* system_mono_time returns the same clock as an instant. */
static inline struct mono_time system_mono_time(void)
{
    return (struct mono_time){.usec = (int64_t)(system_nsec() / 1000)};
}

/* system_wall_time returns the wall clock. */
static inline struct wall_time system_wall_time(void)
{
    return (struct wall_time){.sec = (uint64_t)time(NULL)};
}

#endif
