/* owner_cache.h — whose five-tuples are, as far as this shard has been told.
 *
 * Two spaces, so that one cannot crowd out the other:
 *
 *     owners  five-tuples of live allocations, at most |capacity|; when it is full, one that
 *             has not been used lately makes room. Only what the registry has confirmed gets
 *             in, so spoofed sources cannot fill it.
 *     misses  five-tuples that no shard of this host owns, remembered for a second;
 *             each has one place that it can be in, and overwrites what is there.
 *
 * An owner is believed for OWNER_BELIEVED_SEC. Afterwards it is still the best guess, but the
 * caller is told to have it checked.
 */
#ifndef RELAY_OWNER_CACHE_H
#define RELAY_OWNER_CACHE_H

#include "err.h"
#include "hash_index.h"
#include "mono_time.h"
#include "pool.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    OWNER_BELIEVED_SEC = 5,
    MISS_REMEMBERED_SEC = 1,
    MISS_COUNT = 4096, /* a power of two */
};

enum owned_by {
    OWNED_BY_UNKNOWN, /* nobody could say */
    OWNED_BY_SHARD,   /* |shard| of this host */
    OWNED_BY_OTHER_HOST,
    OWNED_BY_NOBODY,
};

struct tuple_owner {
    enum owned_by by;
    uint32_t shard; /* OWNED_BY_SHARD */
};

struct owner_miss;

struct owner_cache {
    struct pool owners;
    struct hash_index index;
    uint32_t hand; /* where the search for one to make room goes on */
    struct owner_miss *misses;
};

/* owner_cache_init: room for |capacity| >= 1 owners. ERR_OK or ERR_NO_MEMORY. */
enum err owner_cache_init(struct owner_cache *cache, uint32_t capacity) MUST_CHECK;

/* owner_cache_deinit frees it. A zeroed cache is fine. */
void owner_cache_deinit(struct owner_cache *cache);

/*
 * owner_cache_find tells who owns |five_tuple|, whose keyed hash is |hash|; OWNED_BY_UNKNOWN when
 * that is not known. |ret_is_doubtful| is set for an owner that ought to be checked. O(1).
 */
struct tuple_owner owner_cache_find(struct owner_cache *cache, uint64_t hash,
                                    const struct five_tuple *five_tuple, struct mono_time now,
                                    bool *ret_is_doubtful);

/*
 * owner_cache_learn remembers that |owner| has |five_tuple|, in place of what was known.
 * OWNED_BY_UNKNOWN changes no owner, but puts off its next check. O(1).
 */
void owner_cache_learn(struct owner_cache *cache, uint64_t hash,
                       const struct five_tuple *five_tuple, struct mono_time now,
                       struct tuple_owner owner);

/* owner_cache_forget forgets what is known of |five_tuple|. O(1). */
void owner_cache_forget(struct owner_cache *cache, uint64_t hash,
                        const struct five_tuple *five_tuple);

#endif
