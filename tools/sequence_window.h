/* sequence_window.h — order, gaps and duplicates in the sequence numbers of one flow.
 *
 * Remembers which of the last 64 numbers have come, as a sliding window.
 */
#ifndef RELAY_SEQUENCE_WINDOW_H
#define RELAY_SEQUENCE_WINDOW_H

#include <stdint.h>

/* All zero expects number 0 first. */
struct sequence_window {
    uint64_t next; /* one past the highest number that has come */
    uint64_t seen; /* bit i: number next - 1 - i has come */
};

enum sequence_verdict {
    SEQUENCE_AHEAD,     /* a new highest number, |ret_skipped| were left out before it */
    SEQUENCE_REORDERED, /* came after a higher one; also when too old to be remembered */
    SEQUENCE_DUPLICATE,
};

/* sequence_window_add judges |number|. |ret_skipped| is 0 unless AHEAD. O(1). */
enum sequence_verdict sequence_window_add(struct sequence_window *window, uint64_t number,
                                          uint64_t *ret_skipped);

#endif
