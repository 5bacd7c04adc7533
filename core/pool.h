/* pool.h — a fixed number of objects of one size, given out by index.
 *
 * Reserved at start; an object that was never given out is never touched, so
 * its memory costs nothing. Objects begin at cache lines. The object freed last comes back first,
 * while it is still warm.
 */
#ifndef RELAY_POOL_H
#define RELAY_POOL_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct pool {
    void *memory;
    uint8_t *items;   /* in |memory|, from the first cache line on */
    size_t item_size; /* a multiple of a cache line */
    uint32_t *free;   /* stack of freed indexes */
    uint32_t free_count;
    uint32_t fresh; /* indexes from here on were never given out */
    uint32_t capacity;
};

/* pool_init reserves |capacity| >= 1 zeroed objects of |item_size| bytes.
 * ERR_OK or ERR_NO_MEMORY. */
enum err pool_init(struct pool *pool, size_t item_size, uint32_t capacity) MUST_CHECK;

/* pool_deinit frees all objects. A zeroed pool is fine. */
void pool_deinit(struct pool *pool);

/* pool_take gives an object, NULL when all are in use. Its content is what its
 * last user left, zero the first time. O(1). */
void *pool_take(struct pool *pool);

/* pool_give returns |item|, which came from pool_take. O(1). */
void pool_give(struct pool *pool, const void *item);

/* pool_at gives the object with |index|, NULL when it was never given out. */
void *pool_at(const struct pool *pool, uint32_t index);

/* pool_index_of is the inverse of pool_at. */
uint32_t pool_index_of(const struct pool *pool, const void *item);

/* pool_in_use counts objects that are given out. */
uint32_t pool_in_use(const struct pool *pool);

#endif
