/* takers.h — which shards of this host take new allocations, for one that is draining.
 *
 * A shard that has begun to drain hands each Allocate for a new allocation to another one: always
 * to the same for one five-tuple, whoever asks and however often its client does, as long as the
 * same shards take new ones. When that changes, only the five-tuples of the shard that went or came
 * go elsewhere (rendezvous hashing).
 */
#ifndef RELAY_TAKERS_H
#define RELAY_TAKERS_H

#include "mono_time.h"
#include "options.h"
#include "restore.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum { TAKERS_LOOK_MSEC = 200 }; /* between two looks at what the others do */

struct takers {
    uint32_t self;
    uint32_t shards; /* of this host */
    /* What the process of shard |shard| does: as in handover.h. */
    enum shard_process_state (*process)(void *context, uint32_t shard);
    void *context;
    /* The rest is for takers.c. */
    struct mono_time look_at; /* again */
    uint64_t serving[(RELAY_SHARDS_MAX + 63) / 64];
};

/*
 * takers_choose gives the shard that makes the allocation of |five_tuple|, another one than
 * |self|. False when none takes new ones: the rest drains too, is dead, starting, or hangs.
 * O(shards).
 */
bool takers_choose(struct takers *takers, struct mono_time now, const struct five_tuple *five_tuple,
                   uint32_t *ret_shard);

/* takers_has: |shard| takes new allocations. */
bool takers_has(struct takers *takers, struct mono_time now, uint32_t shard);

#endif
