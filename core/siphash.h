/* siphash.h — SipHash-2-4, the keyed hash of tables, nonces and tokens.
 *
 * A pseudo-random function with a 128-bit key (Aumasson and Bernstein, 2012).
 */
#ifndef RELAY_SIPHASH_H
#define RELAY_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0;
    uint64_t k1;
};

/* siphash_key_from reads a key from 16 bytes, little-endian as in the paper. */
struct siphash_key siphash_key_from(const uint8_t bytes[static 16]);

/* siphash returns the 64-bit hash of |len| bytes at |data| (may be NULL when |len| is 0). */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
