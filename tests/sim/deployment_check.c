/* deployment_check.c — looks at a simulated deployment as a whole: who holds what, and is it all
 * there.
 */
#include "deployment.h"

#include "lease.h"
#include "turn_limits.h"

#include <stdlib.h>

#define MSEC INT64_C(1000)

enum { PROBE_TRIES = 12 };

static size_t client_of(struct deployment *d, const struct five_tuple *five_tuple)
{
    return (size_t)(deployment_caller(d, five_tuple) - d->callers);
}

static void check_silence(const struct deployment *d, const struct process *process)
{
    if (mono_time_is_never(process->unsent_since))
        return;
    int msec = deployment_is_calm(d) ? DEPLOYMENT_SILENT_MSEC : DEPLOYMENT_SILENT_IN_TROUBLE_MSEC;
    if (mono_time_due(mono_time_add_usec(process->unsent_since, msec * MSEC), d->now))
        deployment_fail(d, "(f) shard %u has not been sending for more than %d ms",
                        process->config.shard, msec);
}

/* What was there before, or was restored or adopted, may be older than the process or the wish. */
static void check_drained(struct deployment *d, size_t slot, const struct turn_record *record)
{
    const struct slot *s = &d->slots[slot];
    if (s->is_draining && mono_time_before(s->draining_since, record->allocation.created) &&
        mono_time_before(s->process->started_at, record->allocation.created))
        deployment_fail(d, "(g) shard %zu is draining and has made an allocation for client %zu",
                        slot, client_of(d, &record->five_tuple));
}

void deployment_check_process(struct deployment *d, size_t slot)
{
    struct slot *s = &d->slots[slot];
    const struct turn_record *records = d->scratch;
    size_t count = process_dump(s->process, d->scratch, DEPLOYMENT_RECORDS_MAX);
    memset(s->holds, 0, sizeof(s->holds));
    s->is_waking = false;
    check_silence(d, s->process);
    for (size_t i = 0; i < count; i++) {
        if (records[i].kind == TURN_RECORD_ALLOCATION)
            check_drained(d, slot, &records[i]);
        if (records[i].kind != TURN_RECORD_ALLOCATION || records[i].allocation.unclaimed)
            continue;
        size_t client = client_of(d, &records[i].five_tuple);
        s->holds[client] = true;
        if (!s->process->may_send || !deployment_is_calm(d))
            continue;
        for (size_t j = 0; j < DEPLOYMENT_SHARDS_MAX; j++) {
            const struct slot *other = &d->slots[j];
            if (j != slot && other->process && !other->is_paused && !other->is_waking &&
                other->process->may_send && other->holds[client])
                deployment_fail(d, "(a) shards %zu and %zu both have client %zu", slot, j, client);
        }
    }
}

/*
 * The end of a chapter.
 */

struct held {
    struct turn_record records[DEPLOYMENT_SHARDS_MAX][DEPLOYMENT_RECORDS_MAX];
    size_t counts[DEPLOYMENT_SHARDS_MAX];
};

/* Whether it is marked as unclaimed is left out: the claim that changes it writes it as it was. */
static bool same_record(const struct turn_record *a, const struct turn_record *b)
{
    if (a->kind != b->kind || !five_tuple_equal(&a->five_tuple, &b->five_tuple))
        return false;
    if (a->kind == TURN_RECORD_CHANNEL)
        return a->channel.number == b->channel.number &&
               a->channel.bound_until.usec == b->channel.bound_until.usec &&
               transport_addr_equal(&a->channel.peer, &b->channel.peer);
    return a->allocation.port == b->allocation.port &&
           a->allocation.created.usec == b->allocation.created.usec &&
           a->allocation.expires.usec == b->allocation.expires.usec &&
           memcmp(a->allocation.transaction_id, b->allocation.transaction_id,
                  STUN_TRANSACTION_ID_LEN) == 0;
}

/* A channel that is over is let go by the core and by the registry at their own times. */
static bool is_over(const struct deployment *d, const struct turn_record *record)
{
    struct mono_time end =
        record->kind == TURN_RECORD_CHANNEL
            ? mono_time_add_sec(record->channel.bound_until, TURN_CHANNEL_RESERVED_SEC)
            : record->allocation.expires;
    return mono_time_due(end, d->now);
}

static const struct turn_record *find_held(const struct held *held, size_t shard,
                                           const struct turn_record *record)
{
    for (size_t i = 0; i < held->counts[shard]; i++)
        if (same_record(&held->records[shard][i], record))
            return &held->records[shard][i];
    return NULL;
}

static const char *kind_text(const struct turn_record *record)
{
    return record->kind == TURN_RECORD_ALLOCATION ? "the allocation" : "a channel";
}

static void check_registry_has(struct deployment *d, size_t shard, const struct turn_record *record)
{
    const struct store_model *store = &d->network.store;
    for (size_t i = 0; i < store->record_count; i++) {
        const struct store_record *stored = &store->records[i];
        if (!same_record(&stored->record, record))
            continue;
        const struct store_record *allocation =
            store_find(&d->network.store, d->now, &record->five_tuple);
        if (!allocation || allocation->owner.shard != shard)
            deployment_fail(d, "(d) the registry has client %zu of shard %zu as another's",
                            client_of(d, &record->five_tuple), shard);
        return;
    }
    if (!is_over(d, record))
        deployment_fail(d, "(d) the registry has not %s of client %zu that shard %zu has",
                        kind_text(record), client_of(d, &record->five_tuple), shard);
}

static void check_shards_have(struct deployment *d, const struct held *held)
{
    struct store_model *store = &d->network.store;
    store_model_expire(store, d->now);
    for (size_t i = 0; i < store->record_count; i++) {
        const struct turn_record *record = &store->records[i].record;
        const struct store_record *allocation = store_find(store, d->now, &record->five_tuple);
        if (is_over(d, record) || is_over(d, &allocation->record))
            continue;
        size_t shard = allocation->owner.shard;
        /* What could not be adopted, and whose removal was lost, is nobody's until it expires. */
        if (shard >= d->shards && d->chapter == CHAPTER_TROUBLED &&
            !store_is_live(store, d->now, &allocation->owner))
            continue;
        if (shard >= d->shards || !find_held(held, shard, record))
            deployment_fail(d, "(d) the registry has %s of client %zu of shard %zu, which has not",
                            kind_text(record), client_of(d, &record->five_tuple), shard);
    }
}

static void look_at(struct deployment *d, size_t shard, struct held *held)
{
    struct process *process = d->slots[shard].process;
    size_t allocations = 0;
    held->counts[shard] = process_dump(process, held->records[shard], DEPLOYMENT_RECORDS_MAX);
    for (size_t i = 0; i < held->counts[shard]; i++)
        allocations += held->records[shard][i].kind == TURN_RECORD_ALLOCATION;
    if (!process->is_ready || !process->may_send)
        deployment_fail(d, "(e) shard %zu does not serve", shard);
    if (turn_server_allocation_count(process->server) != allocations)
        deployment_fail(d, "(e) an allocation of shard %zu is under way", shard);
    /* One may be there just now: the renewal of the lease. */
    if (ownership_model_pending(process->ownership) > 1)
        deployment_fail(d, "(e) shard %zu still waits for the registry", shard);
}

static void check_promise(struct deployment *d, size_t client, const struct held *held)
{
    struct caller *caller = &d->callers[client];
    struct promise found = {0}, *promise = &caller->promise;
    for (size_t i = 0; i < d->shards; i++)
        for (size_t j = 0; j < held->counts[i]; j++)
            if (five_tuple_equal(&held->records[i][j].five_tuple, &caller->client.tuple)) {
                promise_make(&found, &held->records[i][j], 1);
                found.serial = d->slots[i].process->config.serial;
            }
    if (mono_time_due(promise->expires, d->now))
        promise->is_made = false;
    if (d->chapter == CHAPTER_STRICT && promise->is_made) {
        if (!found.is_made)
            deployment_fail(d, "(b) client %zu has lost its allocation with port %u", client,
                            promise->port);
        if (found.port != promise->port || mono_time_before(found.expires, promise->expires))
            deployment_fail(d, "(b) client %zu has another port or less time", client);
        for (size_t i = 0; i < DEPLOYMENT_CHANNELS; i++)
            if (mono_time_before(found.channels[i], promise->channels[i]) &&
                !mono_time_due(mono_time_add_sec(promise->channels[i], TURN_CHANNEL_RESERVED_SEC),
                               d->now))
                deployment_fail(d, "(b) client %zu has lost channel %zu", client, i);
        deployment_count(d, DEPLOYMENT_PROMISES_KEPT);
        if (promise->serial != found.serial)
            deployment_count(d, DEPLOYMENT_PROMISES_OVER_A_RESTART);
    }
    found.made_at = promise->made_at;
    *promise = found;
    caller->client.relayed_v4.port = found.port;
    caller->former_count = 0;
}

static bool is_bound(const struct deployment *d, const struct promise *promise, unsigned channel)
{
    return promise->is_made &&
           mono_time_before(mono_time_add_sec(d->now, 2 * PROBE_TRIES), promise->channels[channel]);
}

static bool probe(struct deployment *d, bool is_up, bool is_last)
{
    bool all = true;
    for (size_t i = 0; i < DEPLOYMENT_CLIENTS; i++) {
        const struct caller *caller = &d->callers[i];
        for (unsigned j = 0; j < DEPLOYMENT_CHANNELS; j++) {
            unsigned seen = is_up ? caller->probed_up : caller->probed_down;
            if (!is_bound(d, &caller->promise, j) || seen & 1U << j)
                continue;
            if (is_last)
                deployment_fail(d, "(e) data of client %zu does not pass %s", i,
                                is_up ? "to its peer" : "from its peer");
            all = false;
            if (is_up)
                deployment_send_data(d, i, j);
            else
                deployment_send_back(d, caller->promise.port, j);
        }
    }
    return all;
}

static void probe_all(struct deployment *d)
{
    for (size_t i = 0; i < DEPLOYMENT_CLIENTS; i++)
        d->callers[i].probed_up = d->callers[i].probed_down = 0;
    d->is_over = true;
    for (int i = 0; i < PROBE_TRIES; i++) {
        bool all = probe(d, true, i == PROBE_TRIES - 1);
        all &= probe(d, false, i == PROBE_TRIES - 1);
        if (all)
            break;
        deployment_count(d, DEPLOYMENT_PROBES);
        deployment_advance(d, USEC_PER_SEC);
    }
}

void deployment_check_all(struct deployment *d)
{
    static struct held held;
    for (size_t i = 0; i < d->shards; i++)
        look_at(d, i, &held);
    for (size_t i = 0; i < d->shards; i++)
        for (size_t j = 0; j < held.counts[i]; j++)
            check_registry_has(d, i, &held.records[i][j]);
    check_shards_have(d, &held);
    for (size_t i = 0; i < DEPLOYMENT_CLIENTS; i++)
        check_promise(d, i, &held);
    probe_all(d);
}
