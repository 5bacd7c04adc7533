/* histogram.h — counts of durations in buckets that grow with the value.
 *
 * Each power of two is split into 64 equal buckets, so a quantile is off by at
 * most 1/64 of its value; values below 64 are exact. Values past the top
 * (about 18 minutes in nanoseconds) count in the last bucket.
 */
#ifndef RELAY_HISTOGRAM_H
#define RELAY_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_VALUE_BITS = 40,
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

/* All zero is an empty histogram. */
struct histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t min; /* exact; 0 when empty */
    uint64_t max; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* histogram_add counts |value|. O(1). */
void histogram_add(struct histogram *histogram, uint64_t value);

/*
 * histogram_quantile returns a value that |fraction| (0..1) of the counted ones do
 * not exceed: the upper end of its bucket, never more than the maximum. 0 when empty.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double fraction);

/* histogram_mean returns the average, 0 when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
