/* ownership_redis_seen.h — a set of texts, for telling those that were met before. */
#ifndef RELAY_OWNERSHIP_REDIS_SEEN_H
#define RELAY_OWNERSHIP_REDIS_SEEN_H

#include "bytes.h"
#include "err.h"
#include "siphash.h"

#include <stdbool.h>

/* Zeroed it is empty. Texts are told apart by 64 bits of a keyed hash. */
struct redis_seen {
    struct siphash_key key;
    uint64_t *hashes; /* open addressing; 0 is a free place */
    size_t size;      /* a power of two */
    size_t count;
};

/* redis_seen_init draws the key. */
void redis_seen_init(struct redis_seen *seen);

/* redis_seen_add adds |text|: ERR_OK, ERR_EXISTS (it was there), or ERR_NO_MEMORY. */
enum err redis_seen_add(struct redis_seen *seen, struct bytes text) MUST_CHECK;

/* redis_seen_free frees the memory; the set is empty then. */
void redis_seen_free(struct redis_seen *seen);

#endif
