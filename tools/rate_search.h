/* rate_search.h — the highest rate that passes, found by doubling and then bisecting.
 *
 * Pure: the caller runs a trial at each rate asked for and reports how it went.
 */
#ifndef RELAY_RATE_SEARCH_H
#define RELAY_RATE_SEARCH_H

#include <stdbool.h>

enum rate_outcome {
    RATE_PASSED,
    RATE_FAILED,      /* too much loss */
    RATE_NOT_REACHED, /* the generator could not send that fast */
};

struct rate_search {
    double passed;    /* highest rate that passed; 0 = none yet */
    double failed;    /* lowest rate that did not; 0 = none yet */
    double least;     /* rates below are not tried */
    double most;      /* nor rates above */
    double precision; /* done when failed <= passed * (1 + precision) */
    double next;
    bool limited; /* |failed| was not reached, rather than too lossy */
};

/* rate_search_start begins at |first| packets/s, 0 < least <= first <= most. */
void rate_search_start(struct rate_search *search, double least, double first, double most,
                       double precision);

/* rate_search_next gives the rate of the next trial. False when the search is over:
 * |passed| is the answer, 0 when not even |least| passed. */
bool rate_search_next(const struct rate_search *search, double *ret_rate);

/* rate_search_report tells how the trial at the rate last given went. */
void rate_search_report(struct rate_search *search, enum rate_outcome outcome);

#endif
