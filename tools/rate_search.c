/* rate_search.c — the highest rate that passes, found by doubling and then bisecting. */
#include "rate_search.h"

#include <assert.h>

void rate_search_start(struct rate_search *search, double least, double first, double most,
                       double precision)
{
    assert(0 < least && least <= first && first <= most && precision > 0);
    *search =
        (struct rate_search){.least = least, .most = most, .precision = precision, .next = first};
}

bool rate_search_next(const struct rate_search *search, double *ret_rate)
{
    if (search->passed >= search->most || (search->failed != 0 && search->failed <= search->least))
        return false;
    if (search->passed != 0 && search->failed != 0 &&
        search->failed <= search->passed * (1 + search->precision))
        return false;
    *ret_rate = search->next;
    return true;
}

void rate_search_report(struct rate_search *search, enum rate_outcome outcome)
{
    if (outcome == RATE_PASSED) {
        search->passed = search->next;
    } else {
        search->failed = search->next;
        search->limited = outcome == RATE_NOT_REACHED;
    }
    if (search->failed == 0)
        search->next = search->passed * 2;
    else if (search->passed == 0)
        search->next = search->failed / 2;
    else
        search->next = (search->passed + search->failed) / 2;
    if (search->next > search->most)
        search->next = search->most;
    if (search->next < search->least)
        search->next = search->least;
}
