/* pacer.c — when the next burst of a fixed rate is due. */
#include "pacer.h"

#include <assert.h>

void pacer_start(struct pacer *pacer, uint64_t now_nsec, double bursts_per_sec)
{
    assert(bursts_per_sec > 0);
    *pacer = (struct pacer){.start_nsec = now_nsec, .bursts_per_nsec = bursts_per_sec / 1e9};
}

/* Bursts due from the start until |now_nsec|; the first one at once. */
static uint64_t due_until(const struct pacer *pacer, uint64_t now_nsec)
{
    return 1 + (uint64_t)((double)(now_nsec - pacer->start_nsec) * pacer->bursts_per_nsec);
}

uint64_t pacer_due(struct pacer *pacer, uint64_t now_nsec)
{
    uint64_t done = pacer->sent + pacer->missed;
    uint64_t total = due_until(pacer, now_nsec);
    if (total <= done)
        return 0;
    uint64_t due = total - done;
    uint64_t most = 1 + (uint64_t)((double)PACER_CATCH_UP_NSEC * pacer->bursts_per_nsec);
    if (due > most) {
        pacer->missed += due - most;
        due = most;
    }
    return due;
}

void pacer_sent(struct pacer *pacer, uint64_t bursts)
{
    pacer->sent += bursts;
}

uint64_t pacer_wait_nsec(const struct pacer *pacer, uint64_t now_nsec)
{
    double at = (double)(pacer->sent + pacer->missed) / pacer->bursts_per_nsec;
    double now = (double)(now_nsec - pacer->start_nsec);
    return at > now ? (uint64_t)(at - now) + 1 : 0;
}
