/* turn_allocation.c — an allocation: a relayed transport address granted to a client. */
#include "turn_allocation.h"

#include "crypto.h"

#include <assert.h>
#include <stddef.h>

enum err turn_allocation_table_init(struct turn_allocation_table *table, uint32_t capacity,
                                    struct siphash_key hash_key)
{
    *table = (struct turn_allocation_table){.hash_key = hash_key};
    enum err err = pool_init(&table->pool, sizeof(struct turn_allocation), capacity);
    if (err == ERR_OK)
        err = hash_index_init(&table->by_five_tuple, capacity);
    if (err == ERR_OK)
        err = deadline_heap_init(&table->deadlines, capacity);
    return err;
}

void turn_allocation_table_deinit(struct turn_allocation_table *table)
{
    deadline_heap_deinit(&table->deadlines);
    hash_index_deinit(&table->by_five_tuple);
    pool_deinit(&table->pool);
}

struct turn_allocation *turn_allocation_find(const struct turn_allocation_table *table,
                                             const struct five_tuple *five_tuple)
{
    uint64_t hash = five_tuple_hash(&table->hash_key, five_tuple);
    for (struct hash_link *link = hash_index_first(&table->by_five_tuple, hash); link;
         link = hash_index_next(link)) {
        struct turn_allocation *allocation = (struct turn_allocation *)(void *)link;
        if (five_tuple_equal(&allocation->five_tuple, five_tuple))
            return allocation;
    }
    return NULL;
}

struct turn_allocation *turn_allocation_find_again(struct turn_allocation_table *table,
                                                   const struct five_tuple *five_tuple)
{
    if (!table->found_last || !five_tuple_equal(&table->found_last->five_tuple, five_tuple))
        table->found_last = turn_allocation_find(table, five_tuple);
    return table->found_last;
}

struct turn_allocation *turn_allocation_at(const struct turn_allocation_table *table,
                                           struct turn_relay_id relay_id)
{
    struct turn_allocation *allocation = pool_at(&table->pool, relay_id.index);
    if (!allocation || allocation->generation != relay_id.generation ||
        allocation->state == TURN_ALLOCATION_FREE)
        return NULL;
    return allocation;
}

struct turn_allocation *turn_allocation_new(struct turn_allocation_table *table,
                                            const struct five_tuple *five_tuple)
{
    struct turn_allocation *allocation = pool_take(&table->pool);
    if (!allocation)
        return NULL;
    assert(allocation->state == TURN_ALLOCATION_FREE);
    *allocation = (struct turn_allocation){
        .five_tuple = *five_tuple,
        .generation = allocation->generation + 1,
        .state = TURN_ALLOCATION_OPENING,
    };
    hash_index_insert(&table->by_five_tuple, &allocation->by_five_tuple,
                      five_tuple_hash(&table->hash_key, five_tuple));
    return allocation;
}

void turn_allocation_end(struct turn_allocation_table *table, struct turn_allocation *allocation)
{
    assert(!allocation->channels && !allocation->user);
    deadline_heap_cancel(&table->deadlines, &allocation->expiry);
    hash_index_remove(&table->by_five_tuple, &allocation->by_five_tuple);
    if (table->found_last == allocation)
        table->found_last = NULL;
    crypto_wipe(&allocation->opening, sizeof allocation->opening);
    allocation->state = TURN_ALLOCATION_FREE;
    pool_give(&table->pool, allocation);
}

struct turn_relay_id turn_allocation_relay_id(const struct turn_allocation_table *table,
                                              const struct turn_allocation *allocation)
{
    return (struct turn_relay_id){.index = pool_index_of(&table->pool, allocation),
                                  .generation = allocation->generation};
}

struct turn_allocation *turn_allocation_of_deadline(struct deadline *deadline)
{
    return (struct turn_allocation *)(void *)((char *)deadline -
                                              offsetof(struct turn_allocation, expiry));
}
