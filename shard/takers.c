/* takers.c — which shards of this host take new allocations, for one that is draining. */
#include "takers.h"

#include "siphash.h"

#include <string.h>

/* So that no two shards draw the same lot. Nothing of it is a secret: whoever may allocate may
 * choose its source port. */
#define LOTS UINT64_C(0x647261696e696e67)

static void look(struct takers *takers, struct mono_time now)
{
    memset(takers->serving, 0, sizeof(takers->serving));
    for (uint32_t i = 0; i < takers->shards; i++)
        if (i != takers->self && takers->process(takers->context, i) == SHARD_PROCESS_SERVING)
            takers->serving[i / 64] |= UINT64_C(1) << i % 64;
    takers->look_at = mono_time_add_usec(now, TAKERS_LOOK_MSEC * INT64_C(1000));
}

bool takers_has(struct takers *takers, struct mono_time now, uint32_t shard)
{
    if (mono_time_due(takers->look_at, now))
        look(takers, now);
    return shard < takers->shards && (takers->serving[shard / 64] >> shard % 64 & 1) != 0;
}

bool takers_choose(struct takers *takers, struct mono_time now, const struct five_tuple *five_tuple,
                   uint32_t *ret_shard)
{
    uint64_t highest = 0;
    bool any = false;

    for (uint32_t i = 0; i < takers->shards; i++) {
        const struct siphash_key key = {.k0 = LOTS, .k1 = i};

        if (!takers_has(takers, now, i))
            continue;
        uint64_t lot = five_tuple_hash(&key, five_tuple);

        if (!any || lot > highest) {
            any = true;
            highest = lot;
            *ret_shard = i;
        }
    }
    return any;
}
