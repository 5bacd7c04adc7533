/* ownership_redis.c — the operations of the ownership registry, carried out by Redis. */
#include "ownership_redis.h"

#include "ownership_backend.h"
#include "ownership_redis_keys.h"
#include "ownership_redis_link.h"
#include "ownership_redis_listing.h"
#include "ownership_redis_records.h"
#include "ownership_redis_reply.h"
#include "ownership_redis_request.h"
#include "text_parse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DEFAULT_TIMEOUT_MSEC = 250,
    /* A time past this is as good as never, and Redis can still count it. */
    TTL_MAX_SEC = 10 * 365 * 86400,
};

struct redis_registry {
    struct ownership ownership; /* first: the one is the other */
    struct redis_target target;
    struct ownership_config config;
    struct redis_link *link;
    struct redis_requests *requests;
    bool is_available;
    bool is_away;   /* and the caller was told */
    bool has_lease; /* was given one, which a Redis that came back empty does not know */
};

static struct redis_registry *registry_of(struct ownership *ownership)
{
    return (struct redis_registry *)ownership;
}

static void go_away(struct redis_registry *registry, const char *why)
{
    registry->is_available = false;
    if (registry->is_away)
        return;
    registry->is_away = true;
    if (registry->config.on_change != NULL)
        registry->config.on_change(registry->config.context, false, why);
}

static void come_back(struct redis_registry *registry)
{
    registry->is_available = true;
    registry->is_away = false;
    if (registry->config.on_change != NULL)
        registry->config.on_change(registry->config.context, true, "");
}

static void on_ready(void *context)
{
    struct redis_registry *registry = context;

    come_back(registry);
    redis_requests_up(registry->requests);
}

static void on_down(void *context, const char *why)
{
    struct redis_registry *registry = context;

    go_away(registry, why);
    redis_requests_down(registry->requests);
}

/* Milliseconds, rounded up: no sooner. */
static uint64_t msec_until(struct mono_time end, struct turn_now now)
{
    int64_t usec = mono_time_until(end, now.mono);

    if (usec > TTL_MAX_SEC * USEC_PER_SEC)
        usec = TTL_MAX_SEC * USEC_PER_SEC;
    return (uint64_t)(usec + 999) / 1000;
}

/*
 * Answers. A reply is {'WORD', …}; the scripts say what stands behind each word. A reply that
 * makes no sense is as none.
 */
static enum ownership_outcome outcome_of(const struct redisReply *reply)
{
    static const struct {
        const char *word;
        enum ownership_outcome outcome;
    } words[] = {
        {"DONE", OWNERSHIP_DONE}, {"HELD", OWNERSHIP_HELD}, {"QUOTA", OWNERSHIP_QUOTA},
        {"PORT", OWNERSHIP_PORT}, {"NONE", OWNERSHIP_NONE}, {"STALE", OWNERSHIP_STALE},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (redis_reply_is(redis_reply_at(reply, 0), words[i].word))
            return words[i].outcome;
    return OWNERSHIP_AWAY;
}

static bool read_owner(const struct redisReply *reply, struct owner *ret)
{
    return owner_read(redis_reply_text(redis_reply_at(reply, 1)), ret) == ERR_OK;
}

/* The lease is not there, and neither is what would be remembered of it: another store. */
static void look_for_loss(struct redis_registry *registry, const struct redisReply *reply)
{
    if (outcome_of(reply) != OWNERSHIP_STALE || !registry->has_lease ||
        redis_reply_integer(redis_reply_at(reply, 1)) != 0)
        return;
    registry->has_lease = false;
    go_away(registry, "Redis has lost what was recorded");
    come_back(registry);
}

static void finish_write(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct ownership_answer answer = {.outcome = outcome_of(reply)};

    if (answer.outcome == OWNERSHIP_HELD && !read_owner(reply, &answer.owner))
        answer.outcome = OWNERSHIP_AWAY;
    purpose->done(purpose->context, &answer);
    look_for_loss(purpose->registry, reply);
}

static void finish_take_lease(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct redis_registry *registry = purpose->registry;
    struct ownership_answer answer = {.outcome = outcome_of(reply)};
    struct bytes epoch = redis_reply_text(redis_reply_at(reply, 2));
    struct bytes former_epoch = redis_reply_text(redis_reply_at(reply, 3));
    struct bytes former_value = redis_reply_text(redis_reply_at(reply, 4));
    struct shard_lease former;

    if (answer.outcome != OWNERSHIP_AWAY && !read_owner(reply, &answer.owner))
        answer.outcome = OWNERSHIP_AWAY;
    if (answer.outcome == OWNERSHIP_DONE) {
        if (text_parse_u64((const char *)epoch.data, epoch.len, 1, UINT64_MAX, &answer.epoch) !=
            ERR_OK)
            answer.outcome = OWNERSHIP_AWAY;
        else
            registry->has_lease = true;
        if (redis_lease_read(&answer.owner, former_epoch, former_value, &former) == ERR_OK)
            answer.former = &former;
    }
    purpose->done(purpose->context, &answer);
}

static void finish_find(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct ownership_answer answer = {.outcome = outcome_of(reply)};

    answer.owner_is_live = redis_reply_integer(redis_reply_at(reply, 2)) == 1;
    if (answer.outcome == OWNERSHIP_DONE && !read_owner(reply, &answer.owner))
        answer.outcome = OWNERSHIP_NONE;
    purpose->done(purpose->context, &answer);
}

struct search {
    ownership_each_record *each;
    char host[HOST_NAME_MAX_LEN + 1]; /* of |port|, */
    uint16_t port;                    /* 0: any */
};

static bool is_sought(const struct search *search, const struct redis_allocation *found)
{
    return search->port == 0 || (found->record.allocation.port == search->port &&
                                 strcmp(found->owner.host, search->host) == 0);
}

static void finish_search(const struct redis_purpose *purpose, const struct redisReply *reply)
{
    struct search *search = purpose->data;
    struct ownership_answer answer = {.outcome = outcome_of(reply)};
    struct redis_allocation found;

    if (answer.outcome == OWNERSHIP_DONE) {
        /* The index may name a five-tuple that has another port by now. */
        if (redis_allocation_read(redis_reply_text(redis_reply_at(reply, 1)),
                                  redis_reply_at(reply, 2), &found) == ERR_OK &&
            is_sought(search, &found)) {
            answer.owner = found.owner;
            answer.owner_is_live = redis_reply_integer(redis_reply_at(reply, 3)) == 1;
            redis_allocation_give(&found, search->each, purpose->context);
        } else {
            answer.outcome = OWNERSHIP_NONE;
        }
    }
    free(search);
    purpose->done(purpose->context, &answer);
}

/* Operations. */

static enum err submit(struct redis_registry *registry, struct redis_command *command,
                       void (*finish)(const struct redis_purpose *, const struct redisReply *),
                       ownership_done *done, void *context)
{
    struct redis_purpose purpose = {
        .finish = finish, .registry = registry, .done = done, .context = context};

    /* All but taking a lease can be repeated: that would take it from itself. */
    return redis_requests_submit(registry->requests, command, finish != finish_take_lease,
                                 &purpose);
}

static enum err take_lease(struct ownership *ownership, struct turn_now now,
                           const struct shard_lease *lease, ownership_done *done, void *context)
{
    struct redis_command command;
    struct redis_writer_text writer;
    char value[LEASE_VALUE_MAX];

    redis_writer_text(&lease->owner, &writer);
    (void)lease_value_write(lease, value);
    redis_command_begin_script(&command, REDIS_SCRIPT_TAKE_LEASE, 3);
    redis_command_add_text(&command, writer.live);
    redis_command_add_text(&command, writer.shard);
    redis_command_add_text(&command, "relay:shards");
    redis_command_add_text(&command, writer.owner);
    redis_command_add_text(&command, value);
    redis_command_add_number(&command, msec_until(lease->until, now));
    redis_command_add_number(&command, now.wall.sec * USEC_PER_SEC);
    return submit(registry_of(ownership), &command, finish_take_lease, done, context);
}

static enum err write_lease(struct ownership *ownership, const struct shard_lease *lease,
                            uint64_t msec, ownership_done *done, void *context)
{
    struct redis_command command;
    struct redis_writer_text writer;
    char value[LEASE_VALUE_MAX];

    redis_writer_text(&lease->owner, &writer);
    (void)lease_value_write(lease, value);
    redis_command_begin_script(&command, REDIS_SCRIPT_WRITE_LEASE, 3);
    redis_command_add_text(&command, writer.live);
    redis_command_add_text(&command, writer.shard);
    redis_command_add_text(&command, "relay:shards");
    redis_command_add_number(&command, lease->epoch);
    redis_command_add_text(&command, writer.owner);
    redis_command_add_text(&command, value);
    redis_command_add_number(&command, msec);
    return submit(registry_of(ownership), &command, finish_write, done, context);
}

static enum err renew_lease(struct ownership *ownership, struct turn_now now,
                            const struct shard_lease *lease, ownership_done *done, void *context)
{
    return write_lease(ownership, lease, msec_until(lease->until, now), done, context);
}

static enum err end_lease(struct ownership *ownership, struct turn_now now,
                          const struct shard_lease *lease, ownership_done *done, void *context)
{
    (void)now;
    return write_lease(ownership, lease, 0, done, context);
}

/* begin_write begins a call of |script| by |writer|, up to the epoch and the owner. */
static void begin_write(struct redis_command *command, enum redis_script_id script,
                        const struct ownership_writer *writer, const struct turn_record *record,
                        bool with_indexes, struct redis_writer_text *writer_text,
                        struct redis_record_text *record_text)
{
    redis_writer_text(&writer->owner, writer_text);
    redis_record_text(&writer->owner, record, record_text);
    redis_command_begin_script(command, script, with_indexes ? 6 : 3);
    redis_command_add_text(command, record_text->key);
    redis_command_add_text(command, writer_text->live);
    redis_command_add_text(command, writer_text->shard);
    if (with_indexes) {
        redis_command_add_text(command, writer_text->allocations);
        redis_command_add_text(command, record_text->port);
        redis_command_add_text(command, record_text->user);
    }
    redis_command_add_number(command, writer->epoch);
    redis_command_add_text(command, writer_text->owner);
}

static enum err claim(struct ownership *ownership, struct turn_now now,
                      const struct ownership_writer *writer, const struct turn_record *record,
                      uint32_t quota, bool keep, ownership_done *done, void *context)
{
    struct redis_command command;
    struct redis_writer_text writer_text;
    struct redis_record_text text;

    begin_write(&command, REDIS_SCRIPT_CLAIM, writer, record, true, &writer_text, &text);
    redis_command_add_text(&command, text.member);
    redis_command_add_text(&command, text.value);
    redis_command_add_number(&command, msec_until(record->allocation.expires, now));
    redis_command_add_number(&command, quota);
    redis_command_add_text(&command, keep ? "1" : "0");
    return submit(registry_of(ownership), &command, finish_write, done, context);
}

static enum err record_one(struct ownership *ownership, struct turn_now now,
                           const struct ownership_writer *writer, const struct turn_record *record,
                           ownership_done *done, void *context)
{
    bool is_allocation = record->kind == TURN_RECORD_ALLOCATION;
    struct redis_command command;
    struct redis_writer_text writer_text;
    struct redis_record_text text;

    begin_write(&command, REDIS_SCRIPT_RECORD, writer, record, is_allocation, &writer_text, &text);
    redis_command_add_text(&command, text.name);
    redis_command_add_text(&command, text.value);
    if (is_allocation) {
        redis_command_add_text(&command, text.member);
        redis_command_add_number(&command, msec_until(record->allocation.expires, now));
    }
    return submit(registry_of(ownership), &command, finish_write, done, context);
}

static enum err forget(struct ownership *ownership, struct turn_now now,
                       const struct ownership_writer *writer, const struct turn_record *record,
                       ownership_done *done, void *context)
{
    struct redis_command command;
    struct redis_writer_text writer_text;
    struct redis_record_text text;

    (void)now;
    begin_write(&command, REDIS_SCRIPT_FORGET, writer, record, false, &writer_text, &text);
    redis_command_add_text(&command, text.name);
    redis_command_add_text(&command, text.member);
    return submit(registry_of(ownership), &command, finish_write, done, context);
}

static enum err find(struct ownership *ownership, struct turn_now now,
                     const struct five_tuple *five_tuple, ownership_done *done, void *context)
{
    struct redis_command command;
    char member[RECORD_KEY_MAX], key[REDIS_PREFIX_MAX + RECORD_KEY_MAX];

    (void)now;
    (void)record_key_write(five_tuple, member);
    (void)snprintf(key, sizeof(key), "relay:allocation:%s", member);
    redis_command_begin_script(&command, REDIS_SCRIPT_FIND, 1);
    redis_command_add_text(&command, key);
    return submit(registry_of(ownership), &command, finish_find, done, context);
}

/* Submits |command|, whose answer is an allocation: with relay port |port| of |host| when that is
 * not 0. */
static enum err submit_search(struct redis_registry *registry, struct redis_command *command,
                              const char *host, uint16_t port, ownership_each_record *each,
                              ownership_done *done, void *context)
{
    struct search *search = calloc(1, sizeof(*search));
    struct redis_purpose purpose = {.finish = finish_search,
                                    .registry = registry,
                                    .data = search,
                                    .done = done,
                                    .context = context};

    if (search == NULL)
        return ERR_LIMIT;
    search->each = each;
    search->port = port;
    (void)snprintf(search->host, sizeof(search->host), "%s", host);
    enum err err = redis_requests_submit(registry->requests, command, true, &purpose);

    if (err != ERR_OK)
        free(search);
    return err;
}

static enum err find_records(struct ownership *ownership, struct turn_now now,
                             const struct five_tuple *five_tuple, ownership_each_record *each,
                             ownership_done *done, void *context)
{
    struct redis_command command;
    char member[RECORD_KEY_MAX], key[REDIS_PREFIX_MAX + RECORD_KEY_MAX];

    (void)now;
    (void)record_key_write(five_tuple, member);
    (void)snprintf(key, sizeof(key), "relay:allocation:%s", member);
    redis_command_begin_script(&command, REDIS_SCRIPT_FIND_RECORDS, 1);
    redis_command_add_text(&command, key);
    redis_command_add_text(&command, member);
    return submit_search(registry_of(ownership), &command, "", 0, each, done, context);
}

static enum err find_port(struct ownership *ownership, struct turn_now now, const char *host,
                          uint16_t port, ownership_each_record *each, ownership_done *done,
                          void *context)
{
    struct redis_command command;
    char key[REDIS_PORT_KEY_MAX];

    (void)now;
    (void)snprintf(key, sizeof(key), "relay:port:%s/%u", host, port);
    redis_command_begin_script(&command, REDIS_SCRIPT_FIND_PORT, 1);
    redis_command_add_text(&command, key);
    return submit_search(registry_of(ownership), &command, host, port, each, done, context);
}

static enum err list(struct ownership *ownership, struct turn_now now, const struct owner *owner,
                     ownership_each_record *each, ownership_done *done, void *context)
{
    (void)now;
    return redis_list_allocations(registry_of(ownership)->requests, owner, each, done, context);
}

static enum err leases(struct ownership *ownership, struct turn_now now, const char *host,
                       ownership_each_lease *each, ownership_done *done, void *context)
{
    (void)now;
    return redis_list_leases(registry_of(ownership)->requests, host, each, done, context);
}

/* Opening and closing. */

static void close_registry(struct ownership *ownership)
{
    struct redis_registry *registry = registry_of(ownership);

    registry->is_available = false;
    redis_requests_free(registry->requests);
    redis_link_free(registry->link);
    explicit_bzero(&registry->target, sizeof(registry->target));
    free(registry);
}

static void flush(struct ownership *ownership)
{
    redis_requests_flush(registry_of(ownership)->requests);
}

static bool is_available(const struct ownership *ownership)
{
    return ((const struct redis_registry *)ownership)->is_available;
}

static const struct ownership_backend backend = {
    .close = close_registry,
    .flush = flush,
    .is_available = is_available,
    .take_lease = take_lease,
    .renew_lease = renew_lease,
    .end_lease = end_lease,
    .claim = claim,
    .record = record_one,
    .forget = forget,
    .find = find,
    .find_records = find_records,
    .find_port = find_port,
    .list = list,
    .leases = leases,
};

static void ignore_sigpipe(void)
{
    struct sigaction action;

    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);
}

enum err ownership_redis_open(const struct ownership_config *config,
                              const struct redis_target *target, struct ownership **ret,
                              struct problem *problem)
{
    struct redis_registry *registry = calloc(1, sizeof(*registry));
    struct redis_link_config link = {
        .base = config->base, .on_ready = on_ready, .on_down = on_down, .context = registry};

    ignore_sigpipe();
    if (registry == NULL)
        goto no_memory;
    registry->ownership.backend = &backend;
    registry->target = *target;
    registry->config = *config;
    link.target = &registry->target;
    link.timeout_msec = config->timeout_msec != 0 ? config->timeout_msec : DEFAULT_TIMEOUT_MSEC;
    registry->requests = redis_requests_new(config->base, link.timeout_msec);
    if (registry->requests == NULL)
        goto no_memory;
    registry->link = redis_link_new(&link);
    if (registry->link == NULL)
        goto no_memory;
    redis_requests_attach(registry->requests, registry->link);
    *ret = &registry->ownership;
    return ERR_OK;

no_memory:
    if (registry != NULL)
        redis_requests_free(registry->requests);
    free(registry);
    problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
    return ERR_NO_MEMORY;
}
