/* turn_channel.c — channel bindings of all allocations, by number and by peer. */
#include "turn_channel.h"

#include "turn_allocation.h"
#include "turn_limits.h"

#include <assert.h>
#include <stddef.h>

enum err turn_channel_table_init(struct turn_channel_table *table, uint32_t capacity,
                                 struct siphash_key hash_key)
{
    *table = (struct turn_channel_table){.hash_key = hash_key};
    enum err err = pool_init(&table->pool, sizeof(struct turn_channel), capacity);
    if (err == ERR_OK)
        err = hash_index_init(&table->by_number, capacity);
    if (err == ERR_OK)
        err = hash_index_init(&table->by_peer, capacity);
    if (err == ERR_OK)
        err = deadline_heap_init(&table->deadlines, capacity);
    return err;
}

void turn_channel_table_deinit(struct turn_channel_table *table)
{
    deadline_heap_deinit(&table->deadlines);
    hash_index_deinit(&table->by_peer);
    hash_index_deinit(&table->by_number);
    pool_deinit(&table->pool);
}

/* An allocation is told from others by its address, which is stable. */
static uint64_t hash_number(const struct turn_channel_table *table,
                            const struct turn_allocation *allocation, uint16_t number)
{
    const uint64_t covered[] = {(uint64_t)(uintptr_t)allocation, number};
    return siphash(&table->hash_key, covered, sizeof covered);
}

static uint64_t hash_peer(const struct turn_channel_table *table,
                          const struct turn_allocation *allocation,
                          const struct transport_addr *peer)
{
    struct {
        uint64_t allocation;
        struct transport_addr peer;
    } covered = {.allocation = (uint64_t)(uintptr_t)allocation, .peer = *peer};
    _Static_assert(sizeof covered == 32, "hashed as bytes, without padding");
    return siphash(&table->hash_key, &covered, sizeof covered);
}

struct turn_channel *turn_channel_by_number(const struct turn_channel_table *table,
                                            struct turn_allocation *allocation, uint16_t number)
{
    if (allocation->last_up && allocation->last_up->number == number)
        return allocation->last_up;
    uint64_t hash = hash_number(table, allocation, number);
    for (struct hash_link *link = hash_index_first(&table->by_number, hash); link;
         link = hash_index_next(link)) {
        struct turn_channel *channel =
            (struct turn_channel *)(void *)((char *)link -
                                            offsetof(struct turn_channel, by_number));
        if (channel->allocation == allocation && channel->number == number)
            return allocation->last_up = channel;
    }
    return NULL;
}

struct turn_channel *turn_channel_by_peer(const struct turn_channel_table *table,
                                          struct turn_allocation *allocation,
                                          const struct transport_addr *peer)
{
    if (allocation->last_down && transport_addr_equal(&allocation->last_down->peer, peer))
        return allocation->last_down;
    uint64_t hash = hash_peer(table, allocation, peer);
    for (struct hash_link *link = hash_index_first(&table->by_peer, hash); link;
         link = hash_index_next(link)) {
        struct turn_channel *channel =
            (struct turn_channel *)(void *)((char *)link - offsetof(struct turn_channel, by_peer));
        if (channel->allocation == allocation && transport_addr_equal(&channel->peer, peer))
            return allocation->last_down = channel;
    }
    return NULL;
}

static void bind_until(struct turn_channel_table *table, struct turn_channel *channel,
                       struct mono_time until)
{
    channel->bound_until = until;
    deadline_heap_set(&table->deadlines, &channel->forget,
                      mono_time_add_sec(until, TURN_CHANNEL_RESERVED_SEC));
}

void turn_channel_bind_again(struct turn_channel_table *table, struct turn_channel *channel,
                             struct mono_time now)
{
    bind_until(table, channel, mono_time_add_sec(now, TURN_CHANNEL_LIFETIME_SEC));
}

struct turn_channel *turn_channel_restore(struct turn_channel_table *table,
                                          struct turn_allocation *allocation, uint16_t number,
                                          const struct transport_addr *peer,
                                          struct mono_time bound_until)
{
    struct turn_channel *channel = pool_take(&table->pool);
    if (!channel)
        return NULL;
    *channel = (struct turn_channel){
        .allocation = allocation, .next = allocation->channels, .peer = *peer, .number = number};
    if (channel->next)
        channel->next->previous = channel;
    allocation->channels = channel;
    allocation->channel_count++;
    hash_index_insert(&table->by_number, &channel->by_number,
                      hash_number(table, allocation, number));
    hash_index_insert(&table->by_peer, &channel->by_peer, hash_peer(table, allocation, peer));
    bind_until(table, channel, bound_until);
    return channel;
}

struct turn_channel *turn_channel_new(struct turn_channel_table *table,
                                      struct turn_allocation *allocation, uint16_t number,
                                      const struct transport_addr *peer, struct mono_time now)
{
    return turn_channel_restore(table, allocation, number, peer,
                                mono_time_add_sec(now, TURN_CHANNEL_LIFETIME_SEC));
}

void turn_channel_end(struct turn_channel_table *table, struct turn_channel *channel)
{
    struct turn_allocation *allocation = channel->allocation;
    if (channel->next)
        channel->next->previous = channel->previous;
    if (channel->previous)
        channel->previous->next = channel->next;
    else
        allocation->channels = channel->next;
    if (allocation->last_up == channel)
        allocation->last_up = NULL;
    if (allocation->last_down == channel)
        allocation->last_down = NULL;
    allocation->channel_count--;
    hash_index_remove(&table->by_number, &channel->by_number);
    hash_index_remove(&table->by_peer, &channel->by_peer);
    deadline_heap_cancel(&table->deadlines, &channel->forget);
    pool_give(&table->pool, channel);
}

struct turn_channel *turn_channel_of_deadline(struct deadline *deadline)
{
    return (struct turn_channel *)(void *)((char *)deadline -
                                           offsetof(struct turn_channel, forget));
}
