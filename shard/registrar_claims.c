/* registrar_claims.c — claims under way, and what came of them. */
#include "registrar_internal.h"

#include <assert.h>
#include <string.h>

/* A claim under way. */
struct claim {
    struct registrar *registrar;
    struct claim *next; /* among those answered */
    struct turn_relay_id relay_id;
    struct five_tuple five_tuple;
    enum ownership_outcome outcome;
    struct owner owner; /* HELD */
    uint64_t epoch;     /* under which it was made */
    bool is_publication;
    bool was_unclaimed; /* and is recorded as such */
    uint8_t hops;
    uint32_t len;
    uint8_t *datagram; /* NULL when none is kept */
};

enum err registrar_claims_init(struct registrar *registrar)
{
    uint32_t capacity = registrar->config.capacity;
    uint32_t datagrams = capacity < REGISTRAR_DATAGRAMS ? capacity : REGISTRAR_DATAGRAMS;
    /* One for each Allocate under way, and as many to publish with. */
    enum err err = pool_init(&registrar->claims, sizeof(struct claim), 2 * capacity);

    return err == ERR_OK ? pool_init(&registrar->datagrams, REGISTRAR_DATAGRAM_MAX, datagrams)
                         : err;
}

void registrar_claims_deinit(struct registrar *registrar)
{
    pool_deinit(&registrar->claims);
    pool_deinit(&registrar->datagrams);
}

static void append_answered(struct registrar *registrar, struct claim *claim)
{
    claim->next = NULL;
    if (registrar->last_answered != NULL)
        registrar->last_answered->next = claim;
    else
        registrar->first_answered = claim;
    registrar->last_answered = claim;
}

static void on_claimed(void *context, const struct ownership_answer *answer)
{
    struct claim *claim = context;
    struct registrar *registrar = claim->registrar;

    (void)registrar_begin(registrar);
    claim->outcome = answer->outcome;
    claim->owner = answer->owner;
    registrar_answered(registrar, claim->epoch, answer->outcome);
    append_answered(registrar, claim);
}

static void keep_datagram(struct registrar *registrar, struct claim *claim, struct bytes datagram)
{
    if (datagram.len <= REGISTRAR_DATAGRAM_MAX)
        claim->datagram = pool_take(&registrar->datagrams);
    if (claim->datagram == NULL) {
        registrar_count(registrar, SHARD_COUNT_CLAIM_DATAGRAM_NOT_KEPT);
        return;
    }
    memcpy(claim->datagram, datagram.data, datagram.len);
    claim->len = (uint32_t)datagram.len;
}

static void give_back_claim(struct registrar *registrar, struct claim *claim)
{
    if (claim->datagram != NULL)
        pool_give(&registrar->datagrams, claim->datagram);
    pool_give(&registrar->claims, claim);
}

void registrar_claim(struct registrar *registrar, struct turn_now now,
                     const struct turn_command *command, struct bytes datagram, uint8_t hops)
{
    bool is_publication = registrar->is_inside_publication;
    struct ownership_writer writer = registrar_writer(registrar);
    const struct turn_record *record = command->record;
    struct claim *claim = NULL;

    if (!is_publication || pool_in_use(&registrar->claims) < registrar->config.capacity)
        claim = pool_take(&registrar->claims);
    if (claim == NULL) {
        /* Never an Allocate's: each has its allocation, and |capacity| are left for them. */
        assert(is_publication);
        registrar->wants_all = true;
        return;
    }
    *claim = (struct claim){.registrar = registrar,
                            .relay_id = command->relay_id,
                            .five_tuple = record->five_tuple,
                            .outcome = OWNERSHIP_AWAY,
                            .epoch = writer.epoch,
                            .is_publication = is_publication,
                            .was_unclaimed = record->allocation.unclaimed,
                            .hops = hops};
    if (!is_publication)
        keep_datagram(registrar, claim, datagram);
    registrar->publication_claims += is_publication;
    if (registrar_can_write(registrar) &&
        ownership_claim(registrar->config.ownership, now, &writer, record,
                        is_publication ? 0 : registrar->config.quota, is_publication, on_claimed,
                        claim) == ERR_OK) {
        registrar_submitted(registrar);
        registrar_count(registrar, SHARD_COUNT_REGISTRY_WRITES);
        return;
    }
    if (is_publication)
        registrar->wants_all = true;
    registrar->wants_unclaimed = true;
    append_answered(registrar, claim);
}

static enum turn_claim result_of(enum ownership_outcome outcome)
{
    switch (outcome) {
    case OWNERSHIP_DONE:
        return TURN_CLAIM_GRANTED;
    case OWNERSHIP_HELD:
        return TURN_CLAIM_HELD;
    case OWNERSHIP_QUOTA:
        return TURN_CLAIM_OVER_QUOTA;
    case OWNERSHIP_PORT:
        return TURN_CLAIM_PORT_HELD;
    case OWNERSHIP_NONE:
    case OWNERSHIP_STALE:
    case OWNERSHIP_AWAY:
        break;
    }
    return TURN_CLAIM_UNAVAILABLE;
}

/* What may be recorded of a former allocation is not replaced by one that was refused. */
static void forget_former(struct registrar *registrar, struct turn_now now,
                          const struct five_tuple *five_tuple)
{
    const struct turn_record former = {.kind = TURN_RECORD_ALLOCATION, .five_tuple = *five_tuple};

    registrar_write_record(registrar, now, false, &former);
}

static void deliver_claim(struct registrar *registrar, struct turn_now now, struct claim *claim)
{
    const struct registrar_config *config = &registrar->config;
    enum turn_claim result = result_of(claim->outcome);

    registrar->publication_claims -= claim->is_publication;
    /* One published is as it was: that it was made while the registry was away is said of no
     * other. */
    if (result != TURN_CLAIM_UNAVAILABLE || !claim->is_publication) {
        registrar->wants_unclaimed |= result == TURN_CLAIM_UNAVAILABLE;
        turn_server_claim_result(config->server, now, claim->relay_id, result);
        config->on_commands(config->context, now);
    }
    /* An older one may overrule what is recorded as unclaimed, until it is recorded again. */
    if (result == TURN_CLAIM_GRANTED && claim->was_unclaimed)
        registrar->again_at = mono_time_add_sec(now.mono, PUBLISH_AGAIN_SEC);
    if (result == TURN_CLAIM_HELD)
        config->on_held(config->context, now, &claim->five_tuple, &claim->owner,
                        (struct bytes){.data = claim->datagram, .len = claim->len}, claim->hops);
    if (result == TURN_CLAIM_OVER_QUOTA || result == TURN_CLAIM_PORT_HELD)
        forget_former(registrar, now, &claim->five_tuple);
    give_back_claim(registrar, claim);
}

void registrar_deliver_claims(struct registrar *registrar, struct turn_now now)
{
    while (registrar->first_answered != NULL) {
        struct claim *claim = registrar->first_answered;

        registrar->first_answered = claim->next;
        if (registrar->first_answered == NULL)
            registrar->last_answered = NULL;
        deliver_claim(registrar, now, claim);
    }
}
