/* shard_pages.h — the counter pages of all shards of a host, read at one time. */
#ifndef RELAY_SHARD_PAGES_H
#define RELAY_SHARD_PAGES_H

#include "counter_page.h"
#include "err.h"
#include "relay_place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shard_page {
    uint32_t shard;
    enum err err;           /* of counter_page_read */
    struct problem problem; /* with an error */
    struct counter_snapshot snapshot;
};

struct shard_pages {
    struct shard_page *pages; /* by the shard's number */
    size_t count;
    struct mono_time now; /* when they were read */
    uint32_t expected;    /* so many shards this relay has */
};

/*
 * shard_pages_read reads the page of each shard that the relay at |place| has, there or not, and
 * those of others that still run. Waits for nobody, whether shards hang or not.
 * ERR_OK, ERR_NO_MEMORY, ERR_IO with |problem| written. Free it with shard_pages_free.
 */
enum err shard_pages_read(const struct relay_place *place, struct shard_pages *ret,
                          struct problem *problem) MUST_CHECK;

/* shard_pages_free: zeroed ones are fine. */
void shard_pages_free(struct shard_pages *pages);

/* shard_pages_find: that of |shard|, NULL when there is none that can be read. */
const struct shard_page *shard_pages_find(const struct shard_pages *pages, uint32_t shard);

/* shard_page_value: value |index| of the page. */
static inline uint64_t shard_page_value(const struct shard_page *page, size_t index)
{
    return page->snapshot.page.values[index];
}

/* shard_page_state: counter_snapshot_state of the page. */
const char *shard_page_state(const struct shard_page *page, struct mono_time now);

#endif
