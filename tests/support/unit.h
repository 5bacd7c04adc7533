/* unit.h — cmocka with the headers it forgets, a view comparison and a random generator. */
#ifndef RELAY_TESTS_UNIT_H
#define RELAY_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"

/* assert_bytes fails unless the view |actual| holds the |len| bytes at |expected|. */
#define assert_bytes(actual, expected, len_)                                                       \
    do {                                                                                           \
        struct bytes actual_ = (actual);                                                           \
        assert_int_equal(actual_.len, (len_));                                                     \
        if (actual_.len > 0)                                                                       \
            assert_memory_equal(actual_.data, (expected), actual_.len);                            \
    } while (0)

#define assert_text(actual, expected) assert_bytes((actual), (expected), strlen(expected))

/* random_next draws the next 64 bits (SplitMix64). The seed is |*state| at first; a test
 * prints it, so that a failure can be run again. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* random_below draws a number in [0, bound); |bound| > 0. Slightly uneven, which tests bear. */
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return random_next(state) % bound;
}

#endif
