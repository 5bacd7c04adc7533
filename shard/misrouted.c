/* misrouted.c — what to do with datagrams whose five-tuple has no allocation on this shard. */
#include "misrouted.h"

#include "counter_page.h"

#include <stddef.h>
#include <stdlib.h>

/* Of the room, for one five-tuple. */
enum { LINE_SHARE = 4 };

/* A token bucket, full at the start. */
struct budget {
    uint32_t tokens;
    struct mono_time filled_at;
};

struct misrouted {
    struct misrouted_config config;
    struct owner_cache cache;
    struct waiting_room room;
    struct pool look_ups;
    struct hash_index index; /* of look-ups */
    struct budget search;    /* for the five-tuples of which nothing is known */
    struct budget check;     /* for those that have an owner */
};

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static struct misrouted_config complete(const struct misrouted_config *config)
{
    struct misrouted_config result = *config;

    result.owners = or_default(config->owners, MISROUTED_OWNERS);
    result.look_ups = or_default(config->look_ups, MISROUTED_LOOK_UPS);
    result.room_len = or_default(config->room_len, MISROUTED_ROOM_LEN);
    result.look_ups_per_sec = or_default(config->look_ups_per_sec, MISROUTED_LOOK_UPS_PER_SEC);
    return result;
}

enum err misrouted_new(const struct misrouted_config *config, struct misrouted **ret)
{
    struct misrouted *misrouted = calloc(1, sizeof(*misrouted));

    if (misrouted == NULL)
        return ERR_NO_MEMORY;
    misrouted->config = complete(config);
    config = &misrouted->config;
    misrouted->search.tokens = misrouted->check.tokens = config->look_ups_per_sec;
    enum err err = owner_cache_init(&misrouted->cache, config->owners);

    if (err == ERR_OK)
        err = waiting_room_init(&misrouted->room, config->room_len);
    if (err == ERR_OK)
        err = pool_init(&misrouted->look_ups, sizeof(struct misrouted_look_up), config->look_ups);
    if (err == ERR_OK)
        err = hash_index_init(&misrouted->index, config->look_ups);
    if (err != ERR_OK) {
        misrouted_free(misrouted);
        return err;
    }
    *ret = misrouted;
    return ERR_OK;
}

void misrouted_free(struct misrouted *misrouted)
{
    if (misrouted == NULL)
        return;
    hash_index_deinit(&misrouted->index);
    pool_deinit(&misrouted->look_ups);
    waiting_room_deinit(&misrouted->room);
    owner_cache_deinit(&misrouted->cache);
    free(misrouted);
}

static void count(struct misrouted *misrouted, enum shard_counter counter)
{
    misrouted->config.values[counter]++;
}

/* Takes a token, after adding what has accrued without losing fractions of one. */
static bool spend(struct budget *budget, uint32_t rate, struct mono_time now)
{
    int64_t elapsed = mono_time_until(now, budget->filled_at);

    if (elapsed >= USEC_PER_SEC) {
        budget->tokens = rate;
        budget->filled_at = now;
    } else {
        uint64_t accrued = (uint64_t)elapsed * rate / (uint64_t)USEC_PER_SEC;
        uint64_t tokens = budget->tokens + accrued;

        budget->filled_at.usec += (int64_t)(accrued * (uint64_t)USEC_PER_SEC / rate);
        budget->tokens = tokens > rate ? rate : (uint32_t)tokens;
    }
    if (budget->tokens == 0)
        return false;
    budget->tokens--;
    return true;
}

static struct misrouted_look_up *find_look_up(const struct misrouted *misrouted, uint64_t hash,
                                              const struct five_tuple *five_tuple)
{
    for (struct hash_link *link = hash_index_first(&misrouted->index, hash); link != NULL;
         link = hash_index_next(link)) {
        struct misrouted_look_up *look_up =
            (struct misrouted_look_up *)(void *)((uint8_t *)link -
                                                 offsetof(struct misrouted_look_up, link));

        if (five_tuple_equal(&look_up->five_tuple, five_tuple))
            return look_up;
    }
    return NULL;
}

/* NULL when too many are under way. */
static struct misrouted_look_up *new_look_up(struct misrouted *misrouted, uint64_t hash,
                                             const struct five_tuple *five_tuple)
{
    struct misrouted_look_up *look_up = pool_take(&misrouted->look_ups);

    if (look_up == NULL)
        return NULL;
    *look_up =
        (struct misrouted_look_up){.five_tuple = *five_tuple, .context = misrouted->config.context};
    hash_index_insert(&misrouted->index, &look_up->link, hash);
    return look_up;
}

static void end_look_up(struct misrouted *misrouted, struct misrouted_look_up *look_up)
{
    hash_index_remove(&misrouted->index, &look_up->link);
    pool_give(&misrouted->look_ups, look_up);
}

static enum misrouted_verdict drop(struct misrouted *misrouted, enum shard_counter counter)
{
    count(misrouted, counter);
    return MISROUTED_DROPPED;
}

static enum misrouted_verdict keep(struct misrouted *misrouted, struct misrouted_look_up *look_up,
                                   struct bytes datagram)
{
    switch (waiting_room_keep(&misrouted->room, &look_up->kept, misrouted->room.len / LINE_SHARE,
                              datagram)) {
    case WAITING_ROOM_FULL:
        return drop(misrouted, SHARD_COUNT_MISROUTED_ROOM_FULL);
    case WAITING_LINE_FULL:
        return drop(misrouted, SHARD_COUNT_MISROUTED_FLOW_FULL);
    case WAITING_KEPT:
        break;
    }
    count(misrouted, SHARD_COUNT_MISROUTED_KEPT);
    return MISROUTED_KEPT;
}

/* Keeps the first datagram of a five-tuple of which nothing is known. */
static enum misrouted_verdict search(struct misrouted *misrouted, struct mono_time now,
                                     uint64_t hash, const struct five_tuple *five_tuple,
                                     struct bytes datagram, struct misrouted_result *ret)
{
    if (!spend(&misrouted->search, misrouted->config.look_ups_per_sec, now))
        return drop(misrouted, SHARD_COUNT_MISROUTED_NO_BUDGET);
    struct misrouted_look_up *look_up = new_look_up(misrouted, hash, five_tuple);

    if (look_up == NULL)
        return drop(misrouted, SHARD_COUNT_MISROUTED_TOO_MANY);
    enum misrouted_verdict verdict = keep(misrouted, look_up, datagram);

    if (verdict != MISROUTED_KEPT) {
        end_look_up(misrouted, look_up);
        return verdict;
    }
    count(misrouted, SHARD_COUNT_MISROUTED_LOOK_UPS);
    ret->look_up = look_up;
    return MISROUTED_KEPT;
}

/* Begins a look-up beside the traffic, if there is budget for it. */
static void check(struct misrouted *misrouted, struct mono_time now, uint64_t hash,
                  const struct five_tuple *five_tuple, struct misrouted_result *ret)
{
    if (!spend(&misrouted->check, misrouted->config.look_ups_per_sec, now))
        return;
    ret->look_up = new_look_up(misrouted, hash, five_tuple);
    if (ret->look_up != NULL)
        count(misrouted, SHARD_COUNT_MISROUTED_CHECKS);
}

enum misrouted_verdict misrouted_ask(struct misrouted *misrouted, struct mono_time now,
                                     const struct five_tuple *five_tuple, struct bytes datagram,
                                     struct misrouted_result *ret)
{
    uint64_t hash = five_tuple_hash(&misrouted->config.key, five_tuple);
    struct misrouted_look_up *look_up = find_look_up(misrouted, hash, five_tuple);
    bool is_doubtful;

    *ret = (struct misrouted_result){0};
    if (look_up != NULL && look_up->kept.count > 0)
        return keep(misrouted, look_up, datagram);
    struct tuple_owner owner =
        owner_cache_find(&misrouted->cache, hash, five_tuple, now, &is_doubtful);

    switch (owner.by) {
    case OWNED_BY_SHARD:
        if (is_doubtful && look_up == NULL)
            check(misrouted, now, hash, five_tuple, ret);
        count(misrouted, SHARD_COUNT_MISROUTED_TO_SHARD);
        ret->shard = owner.shard;
        return MISROUTED_TO_SHARD;
    case OWNED_BY_NOBODY:
        count(misrouted, SHARD_COUNT_MISROUTED_NOBODY);
        return MISROUTED_NOBODY;
    case OWNED_BY_OTHER_HOST:
        count(misrouted, SHARD_COUNT_MISROUTED_ELSEWHERE);
        return MISROUTED_ELSEWHERE;
    case OWNED_BY_UNKNOWN:
        break;
    }
    /* What was being checked has been forgotten meanwhile. */
    if (look_up != NULL)
        return keep(misrouted, look_up, datagram);
    return search(misrouted, now, hash, five_tuple, datagram, ret);
}

void misrouted_answer(struct misrouted *misrouted, struct turn_now now,
                      struct misrouted_look_up *look_up, struct tuple_owner owner)
{
    const struct misrouted_config *config = &misrouted->config;

    if (owner.by == OWNED_BY_UNKNOWN)
        count(misrouted, SHARD_COUNT_MISROUTED_UNANSWERED);
    misrouted_learn(misrouted, now.mono, &look_up->five_tuple, owner);
    /* The datagram being delivered stays in line, so that one asked about meanwhile is kept
     * behind it. */
    while (look_up->kept.count > 0) {
        config->deliver(config->context, now, &look_up->five_tuple,
                        waiting_room_first(&misrouted->room, &look_up->kept), owner);
        waiting_room_served(&misrouted->room, &look_up->kept);
    }
    end_look_up(misrouted, look_up);
}

void misrouted_learn(struct misrouted *misrouted, struct mono_time now,
                     const struct five_tuple *five_tuple, struct tuple_owner owner)
{
    owner_cache_learn(&misrouted->cache, five_tuple_hash(&misrouted->config.key, five_tuple),
                      five_tuple, now, owner);
}

void misrouted_forget(struct misrouted *misrouted, const struct five_tuple *five_tuple)
{
    owner_cache_forget(&misrouted->cache, five_tuple_hash(&misrouted->config.key, five_tuple),
                       five_tuple);
}
