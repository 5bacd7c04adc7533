/* handover.c — finds the owner of each misrouted datagram and has it handed over. */
#include "handover.h"

#include "counter_page.h"
#include "pool.h"
#include "stun_message.h"
#include "takers.h"
#include "turn_server.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A look-up that was answered. */
struct answered {
    struct answered *next;
    struct misrouted_look_up *look_up;
    struct tuple_owner owner;
};

struct handover {
    struct handover_config config;
    struct misrouted *misrouted;
    struct takers takers;
    bool is_draining;
    struct pool answers;
    struct answered *first;
    struct answered *last;
};

static void count(const struct handover *handover, enum shard_counter counter)
{
    handover->config.values[counter]++;
}

static void send_to(struct handover *handover, uint32_t shard, const struct five_tuple *five_tuple,
                    struct bytes datagram, uint8_t hops)
{
    const struct redirected redirected = {
        .five_tuple = *five_tuple, .datagram = datagram, .hops = hops};

    redirect_send(handover->config.redirect, shard, &redirected);
}

static struct tuple_owner by_shard(uint32_t shard)
{
    return (struct tuple_owner){.by = OWNED_BY_SHARD, .shard = shard};
}

/* Of an |owner| of this host that is one shard more than there are. */
static struct tuple_owner stand_in(const struct handover *handover, uint32_t owner)
{
    const struct handover_config *config = &handover->config;
    uint32_t adopter = owner % config->shards;

    if (config->process(config->context, owner) != SHARD_PROCESS_NONE)
        return by_shard(owner);
    if (adopter != config->self.shard &&
        config->process(config->context, adopter) == SHARD_PROCESS_STARTING)
        return by_shard(adopter);
    return (struct tuple_owner){.by = OWNED_BY_UNKNOWN};
}

/* Who deals with the five-tuples of |owner|. |is_live|: its lease holds. */
static struct tuple_owner dealing(const struct handover *handover, const struct owner *owner,
                                  bool is_live)
{
    const struct handover_config *config = &handover->config;

    if (strcmp(owner->host, config->self.host) != 0)
        return (struct tuple_owner){.by = is_live ? OWNED_BY_OTHER_HOST : OWNED_BY_NOBODY};
    /* If it were here the core would have it, or will when it has been rebuilt. */
    if (owner->shard == config->self.shard)
        return (struct tuple_owner){.by = config->is_restored(config->context) ? OWNED_BY_NOBODY
                                                                               : OWNED_BY_UNKNOWN};
    if (owner->shard >= config->shards)
        return stand_in(handover, owner->shard);
    if (is_live || config->process(config->context, owner->shard) != SHARD_PROCESS_NONE)
        return by_shard(owner->shard);
    return (struct tuple_owner){.by = OWNED_BY_NOBODY};
}

static struct tuple_owner owner_of_answer(const struct handover *handover,
                                          const struct ownership_answer *answer)
{
    switch (answer->outcome) {
    case OWNERSHIP_DONE:
        return dealing(handover, &answer->owner, answer->owner_is_live);
    case OWNERSHIP_NONE:
        return (struct tuple_owner){.by = OWNED_BY_NOBODY};
    case OWNERSHIP_HELD:
    case OWNERSHIP_QUOTA:
    case OWNERSHIP_PORT:
    case OWNERSHIP_STALE:
    case OWNERSHIP_AWAY:
        break;
    }
    return (struct tuple_owner){.by = OWNED_BY_UNKNOWN};
}

static void on_found(void *context, const struct ownership_answer *answer)
{
    struct misrouted_look_up *look_up = context;
    struct handover *handover = look_up->context;
    struct answered *answered = pool_take(&handover->answers);

    (void)handover->config.begin(handover->config.context);
    assert(answered != NULL); /* as many as look-ups */
    *answered = (struct answered){.look_up = look_up, .owner = owner_of_answer(handover, answer)};
    if (handover->last != NULL)
        handover->last->next = answered;
    else
        handover->first = answered;
    handover->last = answered;
}

void handover_run(struct handover *handover, struct turn_now now)
{
    while (handover->first != NULL) {
        struct answered answered = *handover->first;

        pool_give(&handover->answers, handover->first);
        handover->first = answered.next;
        if (handover->first == NULL)
            handover->last = NULL;
        misrouted_answer(handover->misrouted, now, answered.look_up, answered.owner);
    }
}

static void look_up(struct handover *handover, struct turn_now now,
                    struct misrouted_look_up *look_up)
{
    const struct ownership_answer unanswered = {.outcome = OWNERSHIP_AWAY};

    if (ownership_find(handover->config.ownership, now, &look_up->five_tuple, on_found, look_up) !=
        ERR_OK)
        on_found(look_up, &unanswered);
}

/* It asks for an allocation that this shard, which is draining, is not to make. The core has
 * authenticated it, or it would not have called it NOT_MINE. */
static bool is_new_elsewhere(const struct handover *handover, struct bytes datagram)
{
    return handover->is_draining && datagram.len >= STUN_HEADER_LEN &&
           wire_load_u16(datagram.data) == stun_type(STUN_REQUEST, TURN_ALLOCATE);
}

/* Nobody owns the five-tuple. */
static void settle(struct handover *handover, struct turn_now now,
                   const struct five_tuple *five_tuple, struct bytes datagram)
{
    uint32_t shard;

    if (is_new_elsewhere(handover, datagram)) {
        if (takers_choose(&handover->takers, now.mono, five_tuple, &shard)) {
            /* Before the registry knows: what follows belongs there. */
            misrouted_learn(handover->misrouted, now.mono, five_tuple, by_shard(shard));
            count(handover, SHARD_COUNT_DRAIN_HANDED_ON);
            send_to(handover, shard, five_tuple, datagram, 0);
            return;
        }
        count(handover, SHARD_COUNT_DRAIN_REFUSED);
    }
    handover->config.on_settled(handover->config.context, now, five_tuple, datagram);
}

/* A datagram that was kept. One whose owner nobody could tell is dropped: an answer, 437, would
 * make its client give up an allocation that may be well. But new allocations do not wait for
 * the registry. */
static void deliver(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    struct bytes datagram, struct tuple_owner owner)
{
    struct handover *handover = context;

    switch (owner.by) {
    case OWNED_BY_SHARD:
        send_to(handover, owner.shard, five_tuple, datagram, 0);
        break;
    case OWNED_BY_NOBODY:
        settle(handover, now, five_tuple, datagram);
        break;
    case OWNED_BY_OTHER_HOST:
        count(handover, SHARD_COUNT_MISROUTED_ELSEWHERE);
        break;
    case OWNED_BY_UNKNOWN:
        if (is_new_elsewhere(handover, datagram))
            settle(handover, now, five_tuple, datagram);
        else
            count(handover, SHARD_COUNT_MISROUTED_OWNER_UNKNOWN);
        break;
    }
}

enum err handover_new(const struct handover_config *config, struct handover **ret)
{
    struct handover *handover = calloc(1, sizeof(*handover));

    if (handover == NULL)
        return ERR_NO_MEMORY;
    handover->config = *config;
    handover->takers = (struct takers){.self = config->self.shard,
                                       .shards = config->shards,
                                       .process = config->process,
                                       .context = config->context};
    const struct misrouted_config misrouted = {.key = config->key,
                                               .owners = config->owners,
                                               .room_len = config->room_len,
                                               .values = config->values,
                                               .deliver = deliver,
                                               .context = handover};
    enum err err = pool_init(&handover->answers, sizeof(struct answered), MISROUTED_LOOK_UPS);

    if (err == ERR_OK)
        err = misrouted_new(&misrouted, &handover->misrouted);
    if (err != ERR_OK) {
        handover_free(handover);
        return err;
    }
    *ret = handover;
    return ERR_OK;
}

void handover_free(struct handover *handover)
{
    if (handover == NULL)
        return;
    misrouted_free(handover->misrouted);
    pool_deinit(&handover->answers);
    explicit_bzero(&handover->config.key, sizeof(handover->config.key));
    free(handover);
}

void handover_set_draining(struct handover *handover, bool is_draining)
{
    handover->is_draining = is_draining;
}

/* Asks whose a datagram is. Where an Allocate was handed to a shard that has since begun to drain
 * or gone, that need not have made the allocation: the registry is asked anew. */
static enum misrouted_verdict ask(struct handover *handover, struct mono_time now,
                                  const struct five_tuple *five_tuple, struct bytes datagram,
                                  struct misrouted_result *ret)
{
    enum misrouted_verdict verdict =
        misrouted_ask(handover->misrouted, now, five_tuple, datagram, ret);

    if (verdict != MISROUTED_TO_SHARD || !is_new_elsewhere(handover, datagram) ||
        takers_has(&handover->takers, now, ret->shard))
        return verdict;
    struct misrouted_look_up *begun = ret->look_up;

    misrouted_forget(handover->misrouted, five_tuple);
    verdict = misrouted_ask(handover->misrouted, now, five_tuple, datagram, ret);
    if (begun != NULL)
        ret->look_up = begun; /* a check, behind which the datagram is kept now */
    return verdict;
}

void handover_datagram(struct handover *handover, struct turn_now now,
                       const struct five_tuple *five_tuple, struct bytes datagram, uint32_t shard)
{
    const struct handover_config *config = &handover->config;
    struct misrouted_result result;

    if (shard != TURN_SHARD_UNKNOWN) {
        /* A token of a shard that is no more reserves nothing: the core says so. */
        if (shard < config->shards && shard != config->self.shard)
            send_to(handover, shard, five_tuple, datagram, 0);
        else
            config->on_settled(config->context, now, five_tuple, datagram);
        return;
    }
    switch (ask(handover, now.mono, five_tuple, datagram, &result)) {
    case MISROUTED_TO_SHARD:
        send_to(handover, result.shard, five_tuple, datagram, 0);
        break;
    case MISROUTED_NOBODY:
        settle(handover, now, five_tuple, datagram);
        break;
    case MISROUTED_ELSEWHERE:
    case MISROUTED_KEPT:
    case MISROUTED_DROPPED:
        break;
    }
    if (result.look_up != NULL)
        look_up(handover, now, result.look_up);
}

void handover_allocate(struct handover *handover, struct turn_now now,
                       const struct five_tuple *five_tuple, const struct owner *owner,
                       struct bytes datagram, uint8_t hops)
{
    struct tuple_owner to = dealing(handover, owner, true);

    misrouted_learn(handover->misrouted, now.mono, five_tuple, to);
    if (datagram.len > 0 && to.by == OWNED_BY_SHARD)
        send_to(handover, to.shard, five_tuple, datagram, hops);
    else if (to.by == OWNED_BY_OTHER_HOST)
        count(handover, SHARD_COUNT_MISROUTED_ELSEWHERE);
    else if (to.by == OWNED_BY_UNKNOWN)
        count(handover, SHARD_COUNT_MISROUTED_OWNER_UNKNOWN);
}

void handover_claimed(struct handover *handover, const struct five_tuple *five_tuple)
{
    misrouted_forget(handover->misrouted, five_tuple);
}
