/* choices.h — where a random test's decisions come from: a seed, or a fuzzer's bytes.
 *
 * The same code then drives the simulation (reproducible from its seed) and
 * the fuzzer of the server (steered by coverage).
 */
#ifndef RELAY_TESTS_CHOICES_H
#define RELAY_TESTS_CHOICES_H

#include "bytes.h"

#include <stdbool.h>

struct choices {
    uint64_t state;     /* of the generator, when |from_bytes| is false */
    struct bytes bytes; /* what is left of the fuzzer's input */
    bool from_bytes;
    /* Bytes that give the same choices again, so that a fuzzer can start from them. The
     * caller's buffer; NULL = not wanted. What does not fit is left out. */
    uint8_t *record;
    size_t record_len;
    size_t record_capacity;
};

struct choices choices_of_seed(uint64_t seed);
struct choices choices_of_bytes(struct bytes bytes);

/* choices_spent: a fuzzer's input is used up; never true for a seed. Further choices are 0. */
bool choices_spent(const struct choices *choices);

/* choose gives a number below |bound|, which is 1..2^32-1. */
uint32_t choose(struct choices *choices, uint32_t bound);

/* chance is true in |percent| of 100 cases. */
bool chance(struct choices *choices, uint32_t percent);

void choose_bytes(struct choices *choices, uint8_t *ret, size_t len);

#endif
