/* hash_index.h — an intrusive hash table that grows one bucket at a time.
 *
 * Linear hashing (Litwin, 1980): the array of bucket heads is reserved for the
 * largest number of entries at start, but only its first |used| heads are in
 * use, about one for each entry. Each insertion splits at most one bucket, so
 * there is no pause for a rehash, and memory that was never needed is never
 * touched. Entries hold their own link; nothing is allocated after init.
 */
#ifndef RELAY_HASH_INDEX_H
#define RELAY_HASH_INDEX_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

/* Embedded in each entry; the owner's key is found from it. */
struct hash_link {
    struct hash_link *next;
    uint64_t hash;
};

struct hash_index {
    struct hash_link **heads;
    size_t heads_max; /* a power of two, at least the capacity */
    size_t used;      /* buckets in use, 1..heads_max */
    size_t mask;      /* the least 2^n - 1 that is not below used - 1 */
    size_t count;     /* entries */
};

/*
 * hash_index_init reserves room for |capacity| >= 1 entries (more are allowed
 * but make chains longer). Returns ERR_OK or ERR_NO_MEMORY.
 */
enum err hash_index_init(struct hash_index *index, size_t capacity) MUST_CHECK;

/* hash_index_deinit frees the heads, not the entries. A zeroed index is fine. */
void hash_index_deinit(struct hash_index *index);

/* hash_index_insert adds |link| under |hash|, whose low bits must be well spread (siphash).
 * |link| must not be in an index, and belongs to this one until removed; other links of the
 * same |hash| may be. O(1): one bucket of the old ones is split. */
void hash_index_insert(struct hash_index *index, struct hash_link *link, uint64_t hash);

/* hash_index_remove takes out |link|, which must be in this index (asserted). O(chain). */
void hash_index_remove(struct hash_index *index, struct hash_link *link);

/*
 * hash_index_first and hash_index_next walk the entries whose 64-bit hash is
 * |hash|, in no particular order; NULL at the end. The caller compares the
 * key. An insertion or removal in between ends the walk.
 */
struct hash_link *hash_index_first(const struct hash_index *index, uint64_t hash);
struct hash_link *hash_index_next(const struct hash_link *link);

#endif
