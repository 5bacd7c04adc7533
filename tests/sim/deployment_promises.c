/* deployment_promises.c — holds what leaves a simulated deployment against what clients were told.
 */
#include "deployment.h"

#include "owner_cache.h"
#include "turn_limits.h"

#include <stdlib.h>

/* No pause in CHAPTER_STRICT is longer. */
enum { PAUSE_SEC = 3 };

void promise_make(struct promise *promise, const struct turn_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct turn_record *record = &records[i];
        if (record->kind == TURN_RECORD_ALLOCATION) {
            promise->is_made = true;
            promise->port = record->allocation.port;
            promise->expires = record->allocation.expires;
        } else if (record->kind == TURN_RECORD_CHANNEL) {
            promise->channels[record->channel.number - 0x4000] = record->channel.bound_until;
        }
    }
}

static bool is_asserted(const struct deployment *d)
{
    return d->chapter == CHAPTER_STRICT && deployment_is_calm(d);
}

/* The promise that is still good, or NULL. */
static struct promise *promise_of(struct deployment *d, struct caller *caller)
{
    struct promise *promise = &caller->promise;
    if (mono_time_due(promise->expires, d->now))
        promise->is_made = false;
    return promise->is_made ? promise : NULL;
}

/* What the core of |process| has of |caller|'s five-tuple now. */
static size_t records_of(struct process *process, const struct caller *caller,
                         struct turn_record ret[static DEPLOYMENT_RECORDS_MAX])
{
    size_t all = process_dump(process, ret, DEPLOYMENT_RECORDS_MAX), count = 0;
    for (size_t i = 0; i < all; i++)
        if (five_tuple_equal(&ret[i].five_tuple, &caller->client.tuple))
            ret[count++] = ret[i];
    return count;
}

static int asked_channel(const struct caller *caller, const struct answer *answer)
{
    for (size_t i = 0; i < ASKED_MAX; i++)
        if (memcmp(caller->asked[i].transaction_id, answer->transaction_id,
                   STUN_TRANSACTION_ID_LEN) == 0)
            return (int)caller->asked[i].channel;
    return -1;
}

static struct answer read_answer(const struct deployment *d, const struct sent *sent)
{
    struct answer answer;
    const char *wrong = answer_read(sent->bytes, &answer);
    if (wrong)
        deployment_fail(d, "an answer is wrong: %s", wrong);
    return answer;
}

void promise_on_answer(struct deployment *d, struct process *process, const struct sent *sent)
{
    const struct answer answer = read_answer(d, sent);
    struct caller *caller = deployment_caller(d, &sent->five_tuple);
    (void)process;
    /* The client may learn of it or not: it asked for it. */
    if (answer.class == STUN_SUCCESS && answer.method == TURN_REFRESH && answer.lifetime_sec == 0) {
        caller->promise = (struct promise){0};
        caller->deleted_at = d->now;
    }
}

static void check_mismatch(struct deployment *d, struct caller *caller,
                           const struct process *process, const struct answer *answer)
{
    const struct promise *promise = promise_of(d, caller);
    if (answer->method == TURN_ALLOCATE || !promise || !is_asserted(d) ||
        !mono_time_due(mono_time_add_sec(promise->made_at, MISS_REMEMBERED_SEC + PAUSE_SEC),
                       d->now))
        return;
    deployment_fail(d, "(c) shard %u answers client %u with 437, which has port %u until %lld s",
                    process->config.shard, (unsigned)(caller - d->callers), promise->port,
                    (long long)(promise->expires.usec / USEC_PER_SEC));
}

static void take_success(struct deployment *d, struct caller *caller, struct process *process,
                         const struct answer *answer)
{
    struct promise now = {0}, *promise = &caller->promise;
    size_t count = records_of(process, caller, d->scratch);
    promise_make(&now, d->scratch, count);
    if (answer->method == TURN_REFRESH && answer->lifetime_sec == 0)
        return;
    if (!now.is_made) {
        /* Unless it was deleted, or expired, in the same round. */
        if (is_asserted(d) && promise_of(d, caller) && caller->deleted_at.usec != d->now.usec)
            deployment_fail(d, "shard %u answers success for what it does not have",
                            process->config.shard);
        promise->is_made = false;
        return;
    }
    if (answer->method == TURN_ALLOCATE) {
        if (answer->relayed_count != 1 || answer->relayed[0].port != now.port) {
            /* Unless it was deleted and made again in the same round. */
            if (is_asserted(d) && caller->deleted_at.usec != d->now.usec)
                deployment_fail(d, "an Allocate was answered with another port");
            return;
        }
        /* The same once more tells nothing new; one that is over can have had the same port. */
        if (!promise_of(d, caller) || promise->port != now.port)
            *promise = (struct promise){
                .is_made = true, .port = now.port, .made_at = d->now, .expires = now.expires};
    } else if (answer->method == TURN_REFRESH) {
        promise->expires = now.expires;
    } else if (answer->method == TURN_CHANNEL_BIND) {
        int channel = asked_channel(caller, answer);
        if (channel >= 0)
            promise->channels[channel] = now.channels[channel];
    }
    promise->serial = process->config.serial;
}

static void check_answer(struct deployment *d, struct process *process, const struct sent *sent)
{
    const struct answer answer = read_answer(d, sent);
    struct caller *caller = deployment_caller(d, &sent->five_tuple);
    deployment_say(d, "shard %u answers client %u: method %u error %u lifetime %u",
                   process->config.shard, (unsigned)(caller - d->callers), answer.method,
                   answer.error_code, answer.lifetime_sec);
    if (answer.error_code == 437)
        check_mismatch(d, caller, process, &answer);
    else if (answer.class == STUN_SUCCESS)
        take_success(d, caller, process, &answer);
}

static bool is_same(const struct holder *a, const struct holder *b)
{
    return a->serial == b->serial && a->relay_id.index == b->relay_id.index &&
           a->relay_id.generation == b->relay_id.generation;
}

/* Somebody relays for |caller|. Whoever was followed by another one must not do so again. */
static void note_sender(struct deployment *d, struct caller *caller, const struct process *process,
                        struct turn_relay_id relay_id)
{
    struct holder sender = {.serial = process->config.serial, .relay_id = relay_id};
    bool is_calm = deployment_is_calm(d);
    /* What was before does not count. */
    if (is_calm && !caller->was_calm) {
        caller->former_count = 0;
        caller->sender = sender;
    }
    caller->was_calm = is_calm;
    if (!is_same(&sender, &caller->sender)) {
        for (size_t i = 0; i < caller->former_count; i++) {
            if (!is_same(&caller->former[i], &sender))
                continue;
            if (is_calm)
                deployment_fail(d, "(a) shard %u relays for client %u, and so does another one",
                                process->config.shard, (unsigned)(caller - d->callers));
            deployment_count(d, DEPLOYMENT_TWO_SENT_IN_TROUBLE);
        }
        if (caller->former_count == FORMER_MAX)
            caller->former_count = 0;
        caller->former[caller->former_count++] = caller->sender;
        caller->sender = sender;
    }
}

static void check_data(struct deployment *d, struct process *process, const struct sent *sent)
{
    struct caller *caller = deployment_caller(d, &sent->five_tuple);
    const struct promise *promise = promise_of(d, caller);
    deployment_say(d, "shard %u relays %s for client %u, port %u", process->config.shard,
                   sent->kind == SENT_TO_PEER ? "up" : "down", (unsigned)(caller - d->callers),
                   sent->port);
    note_sender(d, caller, process, sent->relay_id);
    if (promise && promise->port != sent->port && is_asserted(d) &&
        mono_time_due(mono_time_add_sec(promise->made_at, 1), d->now))
        deployment_fail(d, "(b) client %u is relayed through port %u, and was told %u",
                        (unsigned)(caller - d->callers), sent->port, promise->port);
    if (sent->kind == SENT_TO_PEER)
        caller->probed_up |= 1U << (sent->peer.port - deployment_peer(0).port);
    else
        caller->probed_down |= 1U << (sent->bytes.data[1] & 0xF);
}

void promise_on_sent(struct deployment *d, struct process *process, const struct sent *sent)
{
    if (sent->kind == SENT_ANSWER)
        check_answer(d, process, sent);
    else
        check_data(d, process, sent);
}
