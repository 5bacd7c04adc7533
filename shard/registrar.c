/* registrar.c — what a shard tells the ownership registry, and whether it may go on serving. */
#include "registrar.h"

#include "counter_page.h"
#include "lease.h"
#include "log.h"
#include "pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Between two attempts to get a lease, or to have written what was not. */
    RETRY_MSEC = 500,
    /* When the others, too, have published what they hold. */
    PUBLISH_AGAIN_SEC = 2,
    /* So long after a pause it waits for an answer of the registry, and for the next one, … */
    DOUBT_MSEC = 1000,
    /* … and so long for all of them. */
    DOUBT_MOST_MSEC = 3000,
    /* Answers can bring writes, and those answers again. */
    RUN_STEPS = 4,
};

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

/* A five-tuple that turned out to be somebody else's. */
struct loss {
    struct loss *next;
    struct five_tuple five_tuple;
};

/* A RECORD or FORGET under way: whose answer may be that the five-tuple is lost. */
struct write {
    struct registrar *registrar;
    struct five_tuple five_tuple;
};

enum publishing {
    PUBLISHING_NOTHING,
    PUBLISHING_CLAIMS, /* going through what the core holds */
    AWAITING_ANSWERS,
    COMPARING, /* removing what it does not hold */
};

struct registrar {
    struct registrar_config config;
    struct lease_clock lease;
    uint64_t epoch; /* of the lease; 0 when there is none */
    bool is_available;
    bool is_taking;
    bool is_renewing;
    bool is_restored;
    bool was_leased;
    struct mono_time asked_at; /* the lease, last */
    struct mono_time retry_at;
    struct mono_time seen_by; /* lease_seen is due */
    struct mono_time doubt_until;
    struct mono_time doubt_at; /* the last doubt arose then, */
    uint64_t doubt_epoch;      /* about this lease */
    uint64_t first_epoch;      /* of the lease under which is restored */

    struct pool claims;
    struct pool datagrams;
    struct pool writes;
    struct claim *first_answered;
    struct claim *last_answered;
    struct loss *losses;
    uint32_t pending;  /* operations under way */
    bool has_queued;   /* since the last flush */
    bool was_answered; /* something, so that more may be due */

    enum publishing publishing;
    struct turn_publication publication;
    struct mono_time publication_began_at;
    uint32_t publication_claims; /* under way */
    bool is_inside_publication;  /* what the core says now is published */
    bool wants_all;              /* something was not written */
    bool wants_unclaimed;
    bool wants_comparison;
    struct mono_time publish_at; /* the earliest */
    struct mono_time again_at;   /* NEVER, or when everything is published a second time */
};

/* As many as one operation each. */
enum { WRITES = OWNERSHIP_PENDING_MAX };

enum err registrar_new(const struct registrar_config *config, struct turn_now now,
                       struct registrar **ret)
{
    struct registrar *registrar = calloc(1, sizeof(*registrar));

    if (registrar == NULL)
        return ERR_NO_MEMORY;
    registrar->config = *config;
    registrar->again_at = MONO_TIME_NEVER;
    lease_start(&registrar->lease, now.mono);
    /* One for each Allocate under way, and as many to publish with. */
    enum err err = pool_init(&registrar->claims, sizeof(struct claim), 2 * config->capacity);

    if (err == ERR_OK)
        err = pool_init(&registrar->datagrams, REGISTRAR_DATAGRAM_MAX,
                        config->capacity < REGISTRAR_DATAGRAMS ? config->capacity
                                                               : REGISTRAR_DATAGRAMS);
    if (err == ERR_OK)
        err = pool_init(&registrar->writes, sizeof(struct write), WRITES);
    if (err != ERR_OK) {
        registrar_free(registrar);
        return err;
    }
    *ret = registrar;
    return ERR_OK;
}

void registrar_free(struct registrar *registrar)
{
    if (registrar == NULL)
        return;
    while (registrar->losses != NULL) {
        struct loss *loss = registrar->losses;

        registrar->losses = loss->next;
        free(loss);
    }
    pool_deinit(&registrar->claims);
    pool_deinit(&registrar->datagrams);
    pool_deinit(&registrar->writes);
    free(registrar);
}

struct ownership_writer registrar_writer(const struct registrar *registrar)
{
    return (struct ownership_writer){.owner = registrar->config.lease.owner,
                                     .epoch = registrar->epoch};
}

static void count(struct registrar *registrar, enum shard_counter counter, uint64_t value)
{
    registrar->config.values[counter] += value;
}

static struct mono_time after_msec(struct turn_now now, int64_t msec)
{
    return mono_time_add_usec(now.mono, msec * 1000);
}

/* An answer came: what follows from it is done at the end of a round. */
static struct turn_now begin(struct registrar *registrar)
{
    return registrar->config.begin(registrar->config.context);
}

static bool can_write(const struct registrar *registrar)
{
    return registrar->is_available && registrar->lease.is_held;
}

static void lose_lease(struct registrar *registrar)
{
    if (!registrar->lease.is_held)
        return;
    lease_lost(&registrar->lease);
    registrar->epoch = 0;
    registrar->config.values[SHARD_COUNT_LEASE_HELD] = 0;
    count(registrar, SHARD_COUNT_LEASES_LOST, 1);
}

/* After a pause a registry that answers is waited for longer than one that does not. */
static void put_off_doubt(struct registrar *registrar, struct turn_now now)
{
    struct mono_time most =
        mono_time_add_usec(registrar->doubt_at, (int64_t)DOUBT_MOST_MSEC * 1000);

    registrar->doubt_until = after_msec(now, DOUBT_MSEC);
    if (mono_time_before(most, registrar->doubt_until))
        registrar->doubt_until = most;
}

/* What every answer can say besides. */
static void note_answer(struct registrar *registrar, uint64_t epoch, enum ownership_outcome outcome)
{
    registrar->pending--;
    registrar->was_answered = true;
    if (registrar->lease.is_doubtful && outcome != OWNERSHIP_AWAY)
        put_off_doubt(registrar, begin(registrar));
    switch (outcome) {
    case OWNERSHIP_AWAY:
        count(registrar, SHARD_COUNT_REGISTRY_UNANSWERED, 1);
        registrar->wants_all = true;
        break;
    case OWNERSHIP_STALE:
        /* Of a lease before this one it is no news. */
        if (epoch == registrar->epoch)
            lose_lease(registrar);
        registrar->wants_all = true;
        break;
    case OWNERSHIP_DONE:
    case OWNERSHIP_HELD:
    case OWNERSHIP_QUOTA:
    case OWNERSHIP_NONE:
        break;
    }
}

void registrar_change(struct registrar *registrar, bool is_available)
{
    struct turn_now now = begin(registrar);

    registrar->is_available = is_available;
    registrar->config.values[SHARD_COUNT_REGISTRY_AVAILABLE] = is_available;
    if (!is_available)
        return;
    /* It may be another one, or have been empty: the lease is taken anew, everything published. */
    lose_lease(registrar);
    registrar->wants_all = true;
    registrar->retry_at = now.mono;
    registrar->publish_at = now.mono;
}

/*
 * The lease.
 */

static void fill_in_lease(struct registrar *registrar, struct turn_now now)
{
    struct shard_lease *lease = &registrar->config.lease;

    lease->epoch = registrar->epoch;
    lease->until = lease_end(now.mono);
    lease->wall_offset_usec = (int64_t)now.wall.sec * USEC_PER_SEC - now.mono.usec;
}

static void on_taken(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;
    struct turn_now now = begin(registrar);

    registrar->is_taking = false;
    registrar->was_answered = true;
    registrar->pending--;
    if (answer->outcome == OWNERSHIP_HELD)
        log_event(LOG_LEVEL_ERROR,
                  "another host has the lease of this shard: every host needs an --instance of its "
                  "own",
                  "instance", registrar->config.lease.owner.host, NULL);
    if (answer->outcome != OWNERSHIP_DONE) {
        registrar->retry_at = after_msec(now, RETRY_MSEC);
        return;
    }
    lease_confirmed(&registrar->lease, registrar->asked_at);
    put_off_doubt(registrar, now);
    registrar->epoch = answer->epoch;
    registrar->config.values[SHARD_COUNT_LEASE_HELD] = 1;
    /* Under the new lease all is claimed again, and again when the others have done so. */
    registrar->wants_all = true;
    registrar->publish_at = now.mono;
    registrar->again_at = mono_time_add_sec(now.mono, PUBLISH_AGAIN_SEC);
    if (registrar->publishing != COMPARING)
        registrar->publishing = PUBLISHING_NOTHING;
    if (registrar->was_leased)
        return;
    registrar->was_leased = true;
    /* What is restored under it is ours as long as it holds, also after a pause before that. */
    registrar->first_epoch = registrar->doubt_epoch = registrar->epoch;
    registrar->config.on_leased(registrar->config.context, now, answer->former);
}

static void take_lease(struct registrar *registrar, struct turn_now now)
{
    registrar->retry_at = after_msec(now, RETRY_MSEC);
    registrar->asked_at = now.mono;
    fill_in_lease(registrar, now);
    if (ownership_take_lease(registrar->config.ownership, now, &registrar->config.lease, on_taken,
                             registrar) != ERR_OK)
        return;
    registrar->is_taking = true;
    registrar->pending++;
    registrar->has_queued = true;
}

static void on_renewed(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;

    (void)begin(registrar);
    registrar->is_renewing = false;
    note_answer(registrar, registrar->config.lease.epoch, answer->outcome);
    if (answer->outcome != OWNERSHIP_DONE)
        return;
    lease_confirmed(&registrar->lease, registrar->asked_at);
    /* It held all the while, so nobody has claimed what was claimed under it. What was asked before
     * the pause, or of a lease taken after it, says nothing about that. */
    if (registrar->epoch == registrar->doubt_epoch &&
        !mono_time_before(registrar->asked_at, registrar->doubt_at))
        lease_settled(&registrar->lease);
}

static void renew_lease(struct registrar *registrar, struct turn_now now)
{
    lease_asked(&registrar->lease, now.mono);
    registrar->asked_at = now.mono;
    fill_in_lease(registrar, now);
    if (ownership_renew_lease(registrar->config.ownership, now, &registrar->config.lease,
                              on_renewed, registrar) != ERR_OK)
        return;
    registrar->is_renewing = true;
    registrar->pending++;
    registrar->has_queued = true;
}

static void keep_lease(struct registrar *registrar, struct turn_now now)
{
    bool is_doubtful = registrar->lease.is_doubtful;

    if (is_doubtful && mono_time_due(registrar->doubt_until, now.mono))
        lease_settled(&registrar->lease);
    if (!registrar->is_available)
        return;
    if (registrar->is_taking || registrar->is_renewing)
        return;
    if (!registrar->lease.is_held) {
        if (mono_time_due(registrar->retry_at, now.mono))
            take_lease(registrar, now);
    } else if ((is_doubtful && registrar->epoch == registrar->doubt_epoch) ||
               mono_time_due(registrar->lease.renew_at, now.mono)) {
        renew_lease(registrar, now);
    }
}

bool registrar_seen(struct registrar *registrar, struct turn_now now)
{
    bool was_doubtful = registrar->lease.is_doubtful;

    lease_seen(&registrar->lease, now.mono);
    registrar->seen_by = after_msec(now, LEASE_SEEN_MSEC);
    if (registrar->lease.is_doubtful && !was_doubtful) {
        registrar->doubt_at = now.mono;
        registrar->doubt_epoch = registrar->epoch;
        put_off_doubt(registrar, now);
        count(registrar, SHARD_COUNT_PAUSES, 1);
        log_event(LOG_LEVEL_WARNING,
                  "this process stood still for longer than its lease; asking what it still owns",
                  NULL);
    }
    return !registrar->lease.is_doubtful;
}

void registrar_set_state(struct registrar *registrar, uint32_t state)
{
    if (registrar->config.lease.state == state)
        return;
    registrar->config.lease.state = state;
    registrar->lease.renew_at = (struct mono_time){0};
}

/*
 * Claims.
 */

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

    (void)begin(registrar);
    claim->outcome = answer->outcome;
    claim->owner = answer->owner;
    note_answer(registrar, claim->epoch, answer->outcome);
    append_answered(registrar, claim);
}

static void keep_datagram(struct registrar *registrar, struct claim *claim, struct bytes datagram)
{
    if (datagram.len <= REGISTRAR_DATAGRAM_MAX)
        claim->datagram = pool_take(&registrar->datagrams);
    if (claim->datagram == NULL) {
        count(registrar, SHARD_COUNT_CLAIM_DATAGRAM_NOT_KEPT, 1);
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
    if (can_write(registrar) && ownership_claim(registrar->config.ownership, now, &writer, record,
                                                is_publication ? 0 : registrar->config.quota,
                                                is_publication, on_claimed, claim) == ERR_OK) {
        registrar->pending++;
        registrar->has_queued = true;
        count(registrar, SHARD_COUNT_REGISTRY_WRITES, 1);
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
    case OWNERSHIP_NONE:
    case OWNERSHIP_STALE:
    case OWNERSHIP_AWAY:
        break;
    }
    return TURN_CLAIM_UNAVAILABLE;
}

static void write_record(struct registrar *registrar, struct turn_now now, bool is_record,
                         const struct turn_record *record);

/* What may be recorded of a former allocation is not replaced by one that was refused. */
static void forget_former(struct registrar *registrar, struct turn_now now,
                          const struct five_tuple *five_tuple)
{
    const struct turn_record former = {.kind = TURN_RECORD_ALLOCATION, .five_tuple = *five_tuple};

    write_record(registrar, now, false, &former);
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
    if (result == TURN_CLAIM_OVER_QUOTA)
        forget_former(registrar, now, &claim->five_tuple);
    give_back_claim(registrar, claim);
}

/* Gives the core the results that are there. */
static void deliver(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    /* These first: a claim granted since then settles whose it is. */
    while (registrar->losses != NULL) {
        struct loss *loss = registrar->losses;

        registrar->losses = loss->next;
        turn_server_lost(config->server, now, &loss->five_tuple);
        config->on_commands(config->context, now);
        free(loss);
    }
    while (registrar->first_answered != NULL) {
        struct claim *claim = registrar->first_answered;

        registrar->first_answered = claim->next;
        if (registrar->first_answered == NULL)
            registrar->last_answered = NULL;
        deliver_claim(registrar, now, claim);
    }
}

/*
 * Records.
 */

static void on_written(void *context, const struct ownership_answer *answer)
{
    struct write *write = context;
    struct registrar *registrar = write->registrar;

    note_answer(registrar, registrar->epoch, answer->outcome);
    /* NONE: the store has lost it, in part or whole. */
    registrar->wants_all |= answer->outcome == OWNERSHIP_NONE;
    if (answer->outcome == OWNERSHIP_HELD) {
        struct loss *loss = malloc(sizeof(*loss));

        (void)begin(registrar);
        registrar->wants_unclaimed = true; /* it may be one of those */
        if (loss != NULL) {
            *loss = (struct loss){.next = registrar->losses, .five_tuple = write->five_tuple};
            registrar->losses = loss;
        } else {
            registrar->wants_all = true;
        }
    }
    if (registrar->publishing == PUBLISHING_CLAIMS)
        (void)begin(registrar); /* to go on: there may be room again */
    pool_give(&registrar->writes, write);
}

static void write_record(struct registrar *registrar, struct turn_now now, bool is_record,
                         const struct turn_record *record)
{
    struct ownership_writer writer = registrar_writer(registrar);
    struct write *write = can_write(registrar) ? pool_take(&registrar->writes) : NULL;

    if (write == NULL) {
        registrar->wants_all = true;
        return;
    }
    *write = (struct write){.registrar = registrar, .five_tuple = record->five_tuple};
    if ((is_record ? ownership_record : ownership_forget)(registrar->config.ownership, now, &writer,
                                                          record, on_written, write) != ERR_OK) {
        pool_give(&registrar->writes, write);
        registrar->wants_all = true;
        return;
    }
    registrar->pending++;
    registrar->has_queued = true;
    count(registrar, SHARD_COUNT_REGISTRY_WRITES, 1);
}

void registrar_write(struct registrar *registrar, struct turn_now now,
                     const struct turn_command *command)
{
    write_record(registrar, now, command->kind == TURN_COMMAND_RECORD, command->record);
}

/*
 * Publishing.
 */

void registrar_restored(struct registrar *registrar, bool rewrite)
{
    registrar->is_restored = true;
    /* What was rebuilt is recorded as it is. What was not there in time to be rebuilt, and what
     * was made while there was no lease, is not. */
    registrar->wants_all = rewrite || registrar->epoch != registrar->first_epoch;
    registrar->wants_unclaimed = true;
    if (registrar->config.values[TURN_COUNT_ALLOCATIONS_UNCLAIMED] == 0)
        registrar->again_at = MONO_TIME_NEVER;
}

void registrar_claim_unclaimed(struct registrar *registrar)
{
    registrar->wants_unclaimed = true;
    registrar->publish_at = (struct mono_time){0};
}

static void begin_publication(struct registrar *registrar, struct turn_now now)
{
    bool is_second = mono_time_due(registrar->again_at, now.mono);

    if (is_second) {
        registrar->again_at = MONO_TIME_NEVER;
        registrar->wants_all = true;
    }
    /* A comparison that was not answered is made up for. */
    bool has_to_compare = registrar->wants_comparison && mono_time_is_never(registrar->again_at);

    if (!registrar->wants_all && !registrar->wants_unclaimed && !has_to_compare)
        return;
    registrar->publication = (struct turn_publication){.only_unclaimed = !registrar->wants_all};
    registrar->publication_began_at = now.mono;
    /* What is removed from the core without the registry knowing would be restored one day. */
    registrar->wants_comparison |= registrar->wants_all;
    registrar->wants_all = false;
    registrar->wants_unclaimed = false;
    registrar->publishing = PUBLISHING_CLAIMS;
}

static void publish_some(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    registrar->is_inside_publication = true;
    while (registrar->pending < REGISTRAR_WINDOW || registrar->publication.channel != 0) {
        if (!turn_server_publish(config->server, &registrar->publication)) {
            registrar->publishing = AWAITING_ANSWERS;
            break;
        }
        config->on_commands(config->context, now);
        count(registrar, SHARD_COUNT_REGISTRY_PUBLISHED, 1);
    }
    registrar->is_inside_publication = false;
}

static void compare_one(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct registrar *registrar = context;

    (void)owner;
    if (record != NULL && record->kind == TURN_RECORD_ALLOCATION &&
        !turn_server_has(registrar->config.server, &record->five_tuple))
        write_record(registrar, begin(registrar), false, record);
}

static void on_compared(void *context, const struct ownership_answer *answer)
{
    struct registrar *registrar = context;

    (void)begin(registrar);
    registrar->pending--;
    registrar->wants_comparison = answer->outcome != OWNERSHIP_DONE;
    registrar->publishing = PUBLISHING_NOTHING;
}

static void end_publication(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    /* With all claims answered it is known what is still ours. */
    if (!registrar->wants_all && !registrar->publication.only_unclaimed &&
        !mono_time_before(registrar->publication_began_at, registrar->doubt_at))
        lease_settled(&registrar->lease);
    registrar->publish_at = after_msec(now, RETRY_MSEC);
    if (registrar->wants_comparison && mono_time_is_never(registrar->again_at) &&
        ownership_list(config->ownership, now, &config->lease.owner, compare_one, on_compared,
                       registrar) == ERR_OK) {
        registrar->wants_comparison = false;
        registrar->publishing = COMPARING;
        registrar->pending++;
        registrar->has_queued = true;
        return;
    }
    registrar->publishing = PUBLISHING_NOTHING;
}

static void publish(struct registrar *registrar, struct turn_now now)
{
    /* While it is asked whether the lease has outlived a pause, it is not known under which. */
    bool is_asking = registrar->lease.is_doubtful && registrar->epoch == registrar->doubt_epoch;

    if (!can_write(registrar) || !registrar->is_restored || is_asking)
        return;
    if (registrar->publishing == PUBLISHING_NOTHING &&
        mono_time_due(registrar->publish_at, now.mono))
        begin_publication(registrar, now);
    if (registrar->publishing == PUBLISHING_CLAIMS)
        publish_some(registrar, now);
    if (registrar->publishing == AWAITING_ANSWERS && registrar->publication_claims == 0)
        end_publication(registrar, now);
}

void registrar_flush(struct registrar *registrar)
{
    if (!registrar->has_queued)
        return;
    registrar->has_queued = false;
    ownership_flush(registrar->config.ownership);
}

struct mono_time registrar_run(struct registrar *registrar, struct turn_now now)
{
    for (unsigned i = 0; i < RUN_STEPS; i++) {
        registrar->was_answered = false;
        keep_lease(registrar, now);
        publish(registrar, now);
        registrar_flush(registrar);
        deliver(registrar, now);
        if (!registrar->was_answered && !registrar->has_queued)
            break;
    }
    return registrar->seen_by;
}
