/* pacer.h — when the next burst of a fixed rate is due.
 *
 * Bursts are due at start, start + 1/rate, … whatever was sent late, so the average holds. A
 * sender that falls behind catches up by at most PACER_CATCH_UP_NSEC worth of bursts:
 * what is older is missed, since catching up longer would be a burst of another shape.
 */
#ifndef RELAY_PACER_H
#define RELAY_PACER_H

#include <stdint.h>

#define PACER_CATCH_UP_NSEC UINT64_C(5000000)

struct pacer {
    uint64_t start_nsec;
    double bursts_per_nsec;
    uint64_t sent;   /* bursts that the caller has reported */
    uint64_t missed; /* bursts that were due and given up */
};

/* pacer_start begins |bursts_per_sec| > 0 at |now_nsec|. */
void pacer_start(struct pacer *pacer, uint64_t now_nsec, double bursts_per_sec);

/* pacer_due returns how many bursts to send now. */
uint64_t pacer_due(struct pacer *pacer, uint64_t now_nsec);

/* pacer_sent reports |bursts| of those due as sent. */
void pacer_sent(struct pacer *pacer, uint64_t bursts);

/* pacer_wait_nsec returns the time until the next burst is due, 0 when one is. */
uint64_t pacer_wait_nsec(const struct pacer *pacer, uint64_t now_nsec);

#endif
