/* pool.c — a fixed number of objects of one size, given out by index. */
#include "pool.h"

#include <assert.h>
#include <stdlib.h>

enum { CACHE_LINE = 64 };

enum err pool_init(struct pool *pool, size_t item_size, uint32_t capacity)
{
    assert(capacity >= 1 && item_size >= 1);
    item_size = (item_size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    *pool = (struct pool){.item_size = item_size, .capacity = capacity};
    /* calloc, with one object to spare for the alignment: aligned_alloc would have to be
     * cleared, and so touched. */
    pool->memory = calloc((size_t)capacity + 1, item_size);
    pool->free = malloc(capacity * sizeof *pool->free);
    if (!pool->memory || !pool->free) {
        pool_deinit(pool);
        return ERR_NO_MEMORY;
    }
    size_t past = (uintptr_t)pool->memory % CACHE_LINE;
    pool->items = (uint8_t *)pool->memory + (past ? CACHE_LINE - past : 0);
    return ERR_OK;
}

void pool_deinit(struct pool *pool)
{
    free(pool->memory);
    free(pool->free);
    *pool = (struct pool){0};
}

void *pool_take(struct pool *pool)
{
    if (pool->free_count > 0)
        return pool->items + pool->free[--pool->free_count] * pool->item_size;
    if (pool->fresh == pool->capacity)
        return NULL;
    return pool->items + pool->fresh++ * pool->item_size;
}

void pool_give(struct pool *pool, const void *item)
{
    assert(pool->free_count < pool->fresh);
    pool->free[pool->free_count++] = pool_index_of(pool, item);
}

void *pool_at(const struct pool *pool, uint32_t index)
{
    return index < pool->fresh ? pool->items + index * pool->item_size : NULL;
}

uint32_t pool_index_of(const struct pool *pool, const void *item)
{
    size_t offset = (size_t)((const uint8_t *)item - pool->items);
    assert(offset % pool->item_size == 0 && offset / pool->item_size < pool->fresh);
    return (uint32_t)(offset / pool->item_size);
}

uint32_t pool_in_use(const struct pool *pool)
{
    return pool->fresh - pool->free_count;
}
