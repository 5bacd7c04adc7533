/* ownership_redis_seen.c — a set of texts, for telling those that were met before. */
#include "ownership_redis_seen.h"

#include <stdlib.h>

#include <event2/util.h>

enum { SIZE_MIN = 64 };

void redis_seen_init(struct redis_seen *seen)
{
    uint8_t key[16];

    evutil_secure_rng_get_bytes(key, sizeof(key));
    *seen = (struct redis_seen){.key = siphash_key_from(key)};
}

/* The place of |hash|, or the free one where it belongs. */
static uint64_t *place_of(uint64_t *hashes, size_t size, uint64_t hash)
{
    size_t at = hash & (size - 1);

    while (hashes[at] != 0 && hashes[at] != hash)
        at = (at + 1) & (size - 1);
    return &hashes[at];
}

static bool grow(struct redis_seen *seen)
{
    size_t size = seen->size > 0 ? 2 * seen->size : SIZE_MIN;
    uint64_t *hashes = calloc(size, sizeof(*hashes));

    if (hashes == NULL)
        return false;
    for (size_t i = 0; i < seen->size; i++)
        if (seen->hashes[i] != 0)
            *place_of(hashes, size, seen->hashes[i]) = seen->hashes[i];
    free(seen->hashes);
    seen->hashes = hashes;
    seen->size = size;
    return true;
}

enum err redis_seen_add(struct redis_seen *seen, struct bytes text)
{
    uint64_t hash = siphash(&seen->key, text.data, text.len), *place;

    hash += hash == 0;
    if (2 * (seen->count + 1) > seen->size && !grow(seen))
        return ERR_NO_MEMORY;
    place = place_of(seen->hashes, seen->size, hash);
    if (*place == hash)
        return ERR_EXISTS;
    *place = hash;
    seen->count++;
    return ERR_OK;
}

void redis_seen_free(struct redis_seen *seen)
{
    free(seen->hashes);
    *seen = (struct redis_seen){.hashes = NULL};
}
