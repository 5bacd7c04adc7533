/* owner_cache.c — whose five-tuples are, as far as this shard has been told. */
#include "owner_cache.h"

#include <stdlib.h>

/* Owners looked at, at most, to find one that has not been used lately. */
enum { EVICTION_STEPS = 32 };

struct known_owner {
    struct hash_link link;
    struct five_tuple five_tuple;
    struct mono_time believed_until;
    uint32_t shard;
    bool is_used; /* since the hand came by */
};

struct owner_miss {
    struct five_tuple five_tuple;
    struct mono_time until; /* 0 in a place that was never used */
    enum owned_by by;
};

enum err owner_cache_init(struct owner_cache *cache, uint32_t capacity)
{
    *cache = (struct owner_cache){0};
    enum err err = pool_init(&cache->owners, sizeof(struct known_owner), capacity);

    if (err == ERR_OK)
        err = hash_index_init(&cache->index, capacity);
    if (err == ERR_OK) {
        cache->misses = calloc(MISS_COUNT, sizeof(*cache->misses));
        if (cache->misses == NULL)
            err = ERR_NO_MEMORY;
    }
    if (err != ERR_OK)
        owner_cache_deinit(cache);
    return err;
}

void owner_cache_deinit(struct owner_cache *cache)
{
    free(cache->misses);
    hash_index_deinit(&cache->index);
    pool_deinit(&cache->owners);
    *cache = (struct owner_cache){0};
}

static struct known_owner *find_owner(const struct owner_cache *cache, uint64_t hash,
                                      const struct five_tuple *five_tuple)
{
    for (struct hash_link *link = hash_index_first(&cache->index, hash); link != NULL;
         link = hash_index_next(link)) {
        struct known_owner *known = (struct known_owner *)link;

        if (five_tuple_equal(&known->five_tuple, five_tuple))
            return known;
    }
    return NULL;
}

/* The one place that a five-tuple can have among the misses. */
static struct owner_miss *miss_place(const struct owner_cache *cache, uint64_t hash)
{
    return &cache->misses[hash & (MISS_COUNT - 1)];
}

struct tuple_owner owner_cache_find(struct owner_cache *cache, uint64_t hash,
                                    const struct five_tuple *five_tuple, struct mono_time now,
                                    bool *ret_is_doubtful)
{
    struct known_owner *known = find_owner(cache, hash, five_tuple);

    *ret_is_doubtful = false;
    if (known != NULL) {
        known->is_used = true;
        *ret_is_doubtful = mono_time_due(known->believed_until, now);
        return (struct tuple_owner){.by = OWNED_BY_SHARD, .shard = known->shard};
    }
    const struct owner_miss *miss = miss_place(cache, hash);

    if (!mono_time_due(miss->until, now) && five_tuple_equal(&miss->five_tuple, five_tuple))
        return (struct tuple_owner){.by = miss->by};
    return (struct tuple_owner){.by = OWNED_BY_UNKNOWN};
}

static void remove_owner(struct owner_cache *cache, struct known_owner *known)
{
    hash_index_remove(&cache->index, &known->link);
    pool_give(&cache->owners, known);
}

/* Takes out one that has not been used since the hand last came by, or, when the next few all
 * have been, the one after them. The cache is full. */
static void make_room(struct owner_cache *cache)
{
    for (unsigned step = 0;; step++) {
        struct known_owner *known = pool_at(&cache->owners, cache->hand);

        cache->hand = (cache->hand + 1) % cache->owners.capacity;
        if (known->is_used && step < EVICTION_STEPS) {
            known->is_used = false;
            continue;
        }
        remove_owner(cache, known);
        return;
    }
}

static void learn_owner(struct owner_cache *cache, uint64_t hash,
                        const struct five_tuple *five_tuple, struct mono_time now, uint32_t shard)
{
    struct known_owner *known = find_owner(cache, hash, five_tuple);

    if (known == NULL) {
        if (pool_in_use(&cache->owners) == cache->owners.capacity)
            make_room(cache);
        known = pool_take(&cache->owners);
        known->five_tuple = *five_tuple;
        known->is_used = false; /* the hand has just been here: it has a whole turn's time */
        hash_index_insert(&cache->index, &known->link, hash);
    }
    known->shard = shard;
    known->believed_until = mono_time_add_sec(now, OWNER_BELIEVED_SEC);
}

void owner_cache_learn(struct owner_cache *cache, uint64_t hash,
                       const struct five_tuple *five_tuple, struct mono_time now,
                       struct tuple_owner owner)
{
    struct known_owner *known;

    switch (owner.by) {
    case OWNED_BY_UNKNOWN:
        known = find_owner(cache, hash, five_tuple);
        if (known != NULL)
            known->believed_until = mono_time_add_sec(now, OWNER_BELIEVED_SEC);
        break;
    case OWNED_BY_SHARD:
        learn_owner(cache, hash, five_tuple, now, owner.shard);
        break;
    case OWNED_BY_OTHER_HOST:
    case OWNED_BY_NOBODY:
        owner_cache_forget(cache, hash, five_tuple);
        *miss_place(cache, hash) =
            (struct owner_miss){.five_tuple = *five_tuple,
                                .until = mono_time_add_sec(now, MISS_REMEMBERED_SEC),
                                .by = owner.by};
        break;
    }
}

void owner_cache_forget(struct owner_cache *cache, uint64_t hash,
                        const struct five_tuple *five_tuple)
{
    struct known_owner *known = find_owner(cache, hash, five_tuple);
    struct owner_miss *miss = miss_place(cache, hash);

    if (known != NULL)
        remove_owner(cache, known);
    if (five_tuple_equal(&miss->five_tuple, five_tuple))
        *miss = (struct owner_miss){0};
}
