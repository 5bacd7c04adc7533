/* turn_rate_limit.h — how many unauthenticated answers a source prefix gets.
 *
 * A fixed table of token buckets, one for each /24 of IPv4 or /56 of IPv6 that
 * hashes there. Two prefixes in one bucket share it while it is in use, so the
 * bound for each still holds. Loopback is exempt: nobody outside the host can
 * spoof it.
 */
#ifndef RELAY_TURN_RATE_LIMIT_H
#define RELAY_TURN_RATE_LIMIT_H

#include "err.h"
#include "mono_time.h"
#include "siphash.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

struct turn_rate_bucket;

struct turn_rate_limit {
    struct turn_rate_bucket *buckets;
    uint32_t rate; /* tokens a second, and the largest burst; 0 = no limit */
};

/* turn_rate_limit_init: ERR_OK or ERR_NO_MEMORY. */
enum err turn_rate_limit_init(struct turn_rate_limit *limit, uint32_t rate) MUST_CHECK;
void turn_rate_limit_deinit(struct turn_rate_limit *limit);

/*
 * turn_rate_limit_take takes a token of |source|'s prefix. False when it has
 * none left. |ret_shared| is set to whether another prefix is using the bucket.
 */
bool turn_rate_limit_take(struct turn_rate_limit *limit, const struct siphash_key *key,
                          struct mono_time now, const struct transport_addr *source,
                          bool *ret_shared);

#endif
