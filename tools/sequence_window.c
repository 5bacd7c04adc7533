/* sequence_window.c — order, gaps and duplicates in the sequence numbers of one flow. */
#include "sequence_window.h"

enum { WINDOW = 64 };

enum sequence_verdict sequence_window_add(struct sequence_window *window, uint64_t number,
                                          uint64_t *ret_skipped)
{
    *ret_skipped = 0;
    if (number >= window->next) {
        uint64_t ahead = number - window->next;
        window->seen = ahead + 1 < WINDOW ? window->seen << (ahead + 1) | 1 : 1;
        window->next = number + 1;
        *ret_skipped = ahead;
        return SEQUENCE_AHEAD;
    }
    uint64_t behind = window->next - 1 - number;
    if (behind >= WINDOW)
        return SEQUENCE_REORDERED;
    uint64_t bit = UINT64_C(1) << behind;
    if (window->seen & bit)
        return SEQUENCE_DUPLICATE;
    window->seen |= bit;
    return SEQUENCE_REORDERED;
}
