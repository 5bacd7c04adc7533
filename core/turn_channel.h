/* turn_channel.h — channel bindings of all allocations, by number and by peer (RFC 8656 §12).
 *
 *   bound      data passes both ways; TURN_CHANNEL_LIFETIME_SEC after the last bind …
 *   reserved   no data passes, number and peer stay each other's; the same pair
 *              may be bound again; TURN_CHANNEL_RESERVED_SEC later …
 *   forgotten
 *
 * Whether a channel is bound is a question of |bound_until| and the present
 * time, so data never passes late because a timer is late.
 */
#ifndef RELAY_TURN_CHANNEL_H
#define RELAY_TURN_CHANNEL_H

#include "deadline_heap.h"
#include "err.h"
#include "hash_index.h"
#include "mono_time.h"
#include "pool.h"
#include "siphash.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

struct turn_allocation;

struct turn_channel {
    /* What the packet path reads, together in the first cache line. */
    struct transport_addr peer;
    struct mono_time bound_until;
    struct turn_allocation *allocation;
    struct hash_link by_number;
    uint16_t number;

    struct hash_link by_peer;
    struct turn_channel *next; /* of the same allocation */
    struct turn_channel *previous;
    struct deadline forget; /* when the reservation ends */
};

struct turn_channel_table {
    struct pool pool;
    struct hash_index by_number; /* of (allocation, number) */
    struct hash_index by_peer;   /* of (allocation, peer) */
    struct deadline_heap deadlines;
    struct siphash_key hash_key;
};

/* turn_channel_table_init reserves |capacity| channels: ERR_OK or ERR_NO_MEMORY. */
enum err turn_channel_table_init(struct turn_channel_table *table, uint32_t capacity,
                                 struct siphash_key hash_key) MUST_CHECK;
void turn_channel_table_deinit(struct turn_channel_table *table);

/* turn_channel_by_number and _by_peer find a channel, bound or reserved, of
 * |allocation|. NULL when there is none. O(1); a repeated look-up is one compare. */
struct turn_channel *turn_channel_by_number(const struct turn_channel_table *table,
                                            struct turn_allocation *allocation, uint16_t number);
struct turn_channel *turn_channel_by_peer(const struct turn_channel_table *table,
                                          struct turn_allocation *allocation,
                                          const struct transport_addr *peer);

/* turn_channel_new makes the channel, bound from |now|. Neither number nor peer
 * may be in use in |allocation|. NULL when the table is full. */
struct turn_channel *turn_channel_new(struct turn_channel_table *table,
                                      struct turn_allocation *allocation, uint16_t number,
                                      const struct transport_addr *peer, struct mono_time now);

/* turn_channel_restore makes a channel that is bound until |bound_until|, else as
 * turn_channel_new. */
struct turn_channel *turn_channel_restore(struct turn_channel_table *table,
                                          struct turn_allocation *allocation, uint16_t number,
                                          const struct transport_addr *peer,
                                          struct mono_time bound_until);

/* turn_channel_bind_again starts the life of a bound or reserved channel anew. */
void turn_channel_bind_again(struct turn_channel_table *table, struct turn_channel *channel,
                             struct mono_time now);

/* turn_channel_end forgets a channel at once. */
void turn_channel_end(struct turn_channel_table *table, struct turn_channel *channel);

/* turn_channel_of_deadline: the channel whose |forget| that is. */
struct turn_channel *turn_channel_of_deadline(struct deadline *deadline);

static inline bool turn_channel_is_bound(const struct turn_channel *channel, struct mono_time now)
{
    return mono_time_before(now, channel->bound_until);
}

#endif
