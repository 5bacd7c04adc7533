/* deployment.c — the life of a simulated deployment: its clock, its events, its chapters. */
#include "deployment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MSEC INT64_C(1000)

enum {
    CHAPTERS = 4,
    CLIENTS_GO_ON_SEC = 6, /* after everybody is healthy again, */
    QUIET_SEC = 10,        /* and then they are quiet for so long */
};

void deployment_fail(const struct deployment *d, const char *format, ...)
{
    char text[512], message[640];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(message, sizeof(message), "at %lld.%06lld s: %s",
                   (long long)(d->now.usec / USEC_PER_SEC), (long long)(d->now.usec % USEC_PER_SEC),
                   text);
    d->failed(message);
    abort(); /* it does not return */
}

void deployment_say(const struct deployment *d, const char *format, ...)
{
    va_list args;
    if (!d->is_verbose)
        return;
    fprintf(stderr, "%lld.%06lld ", (long long)(d->now.usec / USEC_PER_SEC),
            (long long)(d->now.usec % USEC_PER_SEC));
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

void deployment_after(struct deployment *d, int64_t usec, struct event event)
{
    event.at_usec = d->now.usec + usec;
    event_queue_add(&d->queue, &event, NULL);
}

void deployment_send(struct deployment *d, struct event event, struct bytes bytes)
{
    struct choices *c = &d->choices;
    if (!d->is_over && chance(c, 3))
        return;
    event.at_usec = d->now.usec + (chance(c, 80) ? choose(c, 5) : choose(c, 80)) * MSEC;
    event.len = bytes.len;
    event_queue_add(&d->queue, &event, bytes.data);
}

/* The registry's network, one way. */
static int64_t delay(void *context)
{
    struct deployment *d = context;
    struct choices *c = &d->choices;
    if (d->chapter == CHAPTER_TROUBLED && mono_time_is_never(d->calm_from)) {
        if (chance(c, 4)) {
            deployment_count(d, DEPLOYMENT_MESSAGE_LOST);
            return OWNERSHIP_MODEL_LOST;
        }
        if (chance(c, 6))
            return choose(c, 900) * MSEC;
    }
    return chance(c, 85) ? choose(c, 3000) : choose(c, 110) * MSEC;
}

static void to_server(struct deployment *d, const struct event *event)
{
    const struct queued head = {.five_tuple = event->five_tuple};
    datagram_queue_add(&d->slots[event->shard % d->shards].listener, &head,
                       (struct bytes){.data = event->bytes + TURN_HEADROOM, .len = event->len});
}

/* A peer's datagram goes to whoever has the port open. */
static void to_relay(struct deployment *d, const struct event *event)
{
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++) {
        struct process *process = d->slots[i].process;
        const struct process_relay *relay =
            process ? process_relay_of(process, event->to.port) : NULL;
        if (!relay)
            continue;
        const struct queued head = {.peer = event->from, .relay_id = relay->id};
        datagram_queue_add(&process->from_peers, &head,
                           (struct bytes){.data = event->bytes + TURN_HEADROOM, .len = event->len});
        return;
    }
}

static void to_client(struct deployment *d, const struct event *event)
{
    struct test_client *client = &d->callers[event->client].client;
    struct answer answer;
    struct bytes datagram = {.data = event->bytes + TURN_HEADROOM, .len = event->len};
    const char *wrong = answer_read(datagram, &answer);
    if (wrong)
        deployment_fail(d, "client %zu was answered: %s", event->client, wrong);
    client_take_answer(client, &answer);
    bool is_deleted =
        answer.method == TURN_REFRESH && answer.class == STUN_SUCCESS && answer.lifetime_sec == 0;
    if (is_deleted || (answer.error_code == 437 && answer.method != TURN_ALLOCATE))
        client->relayed_v4 = (struct transport_addr){0};
}

static void act_again(struct deployment *d, struct event event)
{
    struct choices *c = &d->choices;
    if (d->acts_left == 0)
        return;
    d->acts_left--;
    int64_t pause = chance(c, 80) ? choose(c, 150) : choose(c, 1500);
    if (chance(c, 1) && chance(c, 20))
        pause = choose(c, 2) ? 300 * 1000 : 601 * 1000;
    deployment_after(d, pause * MSEC, event);
}

static void handle(struct deployment *d, const struct event *event)
{
    struct slot *slot = &d->slots[event->shard % DEPLOYMENT_SHARDS_MAX];
    switch (event->kind) {
    case EVENT_CLIENT_ACTS:
        if (d->is_quiet)
            break;
        deployment_client_acts(d, event->client);
        act_again(d, (struct event){.kind = EVENT_CLIENT_ACTS,
                                    .client = choose(&d->choices, DEPLOYMENT_CLIENTS)});
        break;
    case EVENT_OPERATOR_ACTS:
        if (d->is_healed)
            break;
        deployment_operator_acts(d);
        deployment_after(d, choose(&d->choices, 4000) * MSEC, *event);
        break;
    case EVENT_TO_SERVER:
        to_server(d, event);
        break;
    case EVENT_TO_HOST:
        to_relay(d, event);
        break;
    case EVENT_TO_CLIENT:
        to_client(d, event);
        break;
    case EVENT_SHARD_STARTS:
        if (event->shard < d->shards && !slot->process)
            deployment_say(d, "shard %zu starts", event->shard);
        if (event->shard < d->shards && !slot->process)
            deployment_start(d, event->shard);
        break;
    case EVENT_SHARD_WAKES:
        if (slot->process && slot->process->config.serial == event->serial)
            deployment_wake(d, event->shard);
        break;
    case EVENT_TROUBLE_ENDS:
        deployment_trouble_ends(d, event);
        break;
    case EVENT_PEER_ACTS:
    case EVENT_TO_OLD_RELAY:
    case EVENT_SHARD_KILLED:
    case EVENT_RELAY_OUTCOME:
        abort(); /* of the other simulation */
    }
}

static struct mono_time earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

/* When something happens next; |ret_slot| is who is woken, or the number of slots. */
static struct mono_time next_of(const struct deployment *d, size_t *ret_slot)
{
    struct mono_time next = {.usec = event_queue_next(&d->queue)};
    next = earlier(next, ownership_network_next(&d->network));
    *ret_slot = DEPLOYMENT_SHARDS_MAX;
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++) {
        const struct slot *slot = &d->slots[i];
        if (!slot->process || slot->is_paused)
            continue;
        struct mono_time at = process_next(slot->process);
        if (mono_time_before(at, next)) {
            next = at;
            *ret_slot = i;
        }
    }
    return next;
}

/* Does what happens next, if it is not after |until|. */
static bool step(struct deployment *d, struct mono_time until)
{
    size_t slot;
    struct mono_time next = next_of(d, &slot);
    if (mono_time_before(until, next) || mono_time_is_never(next))
        return false;
    if (mono_time_before(d->now, next))
        d->now = next;
    if (slot < DEPLOYMENT_SHARDS_MAX) {
        process_wake(d->slots[slot].process, d->now);
        deployment_check_process(d, slot);
        return true;
    }
    ownership_network_move(&d->network, d->now);
    if (event_queue_next(&d->queue) > d->now.usec)
        return true;
    struct event event = event_queue_take(&d->queue);
    handle(d, &event);
    free(event.bytes);
    return true;
}

void deployment_advance(struct deployment *d, int64_t usec)
{
    struct mono_time until = mono_time_add_usec(d->now, usec);
    while (step(d, until))
        continue;
    d->now = until;
}

static void live_through(struct deployment *d, size_t acts)
{
    d->acts_left = acts;
    d->is_healed = d->is_quiet = false;
    act_again(d, (struct event){.kind = EVENT_CLIENT_ACTS});
    deployment_after(d, choose(&d->choices, 2000) * MSEC,
                     (struct event){.kind = EVENT_OPERATOR_ACTS});
    while (d->acts_left > 0)
        deployment_advance(d, USEC_PER_SEC);
    d->is_healed = true;
    deployment_heal(d);
    /* Clients go on, nobody else does anything. */
    d->acts_left = acts / 4;
    act_again(d, (struct event){.kind = EVENT_CLIENT_ACTS});
    deployment_advance(d, CLIENTS_GO_ON_SEC * USEC_PER_SEC);
    d->is_quiet = true;
    deployment_advance(d, QUIET_SEC * USEC_PER_SEC);
    deployment_check_all(d);
}

/* Until every lifetime is over, and what lingers in the registry. */
static void let_all_end(struct deployment *d)
{
    deployment_count(d, DEPLOYMENT_LIVED_TO_THE_END);
    deployment_advance(d, (d->setup.config.max_lifetime_sec + 70) * USEC_PER_SEC);
    for (size_t i = 0; i < d->shards; i++)
        if (turn_server_allocation_count(d->slots[i].process->server) != 0)
            deployment_fail(d, "shard %zu still has an allocation after every lifetime", i);
    store_model_expire(&d->network.store, d->now);
    if (d->network.store.record_count != 0 || d->network.store.port_count != 0)
        deployment_fail(d, "the registry still has a record after every lifetime");
}

void deployment_run(struct deployment *d)
{
    static const char *const names[] = {"strict", "lax", "troubled"};
    size_t acts = d->acts_left / CHAPTERS;
    for (int i = 0; i < CHAPTERS; i++) {
        d->chapter = (enum chapter)choose(&d->choices, 3);
        deployment_say(d, "chapter %d: %s%s", i, names[d->chapter], d->is_direct ? " direct" : "");
        d->is_over = false;
        live_through(d, acts);
    }
    d->is_over = true;
    if (chance(&d->choices, 10))
        let_all_end(d);
}

static void init_caller(struct deployment *d, size_t i)
{
    struct caller *caller = &d->callers[i];
    char username[32], password[TURN_PASSWORD_MAX], at[32];
    /* Pairs share a username, for the quota. */
    (void)snprintf(username, sizeof(username), "1892160000:u%zu", i / 2);
    (void)snprintf(at, sizeof(at), "7.7.7.%zu:4000", i + 1);
    if (turn_password_stamp(d->crypto, bytes_of_text(TEST_SECRET), bytes_of_text(username),
                            password) != ERR_OK)
        abort();
    client_init(&caller->client, d->crypto, test_addr(at), test_addr("203.0.113.9:3478"), username,
                password, TEST_REALM);
}

void deployment_init(struct deployment *d, struct choices choices, size_t acts,
                     void (*failed)(const char *message))
{
    memset(d, 0, sizeof(*d));
    d->choices = choices;
    d->failed = failed;
    d->acts_left = acts;
    d->now = (struct mono_time){.usec = USEC_PER_SEC};
    d->network.delay = delay;
    d->network.context = d;
    d->network.wall_sec = TEST_WALL_SEC;
    struct choices *c = &d->choices;
    d->is_direct = chance(c, 30);
    d->quota = chance(c, 25) ? 1 : 0;
    d->shards = 1 + choose(c, DEPLOYMENT_SHARDS_MAX);
    if (crypto_new(&d->crypto) != ERR_OK)
        abort();
    server_setup_init(&d->setup);
    d->setup.config.max_lifetime_sec = 900;
    d->setup.config.user_quota = d->quota;
    d->setup.config.port_rest_sec = choose(c, 2) ? 0 : 10;
    d->setup.config.lowest_port = 50000;
    d->setup.config.highest_port = (uint16_t)(choose(c, 2) ? 50023 : 50031);
    d->setup.policy.lowest_port = d->setup.config.lowest_port;
    d->setup.policy.highest_port = d->setup.config.highest_port;
    for (size_t i = 0; i < DEPLOYMENT_CLIENTS; i++)
        init_caller(d, i);
    for (size_t i = 0; i < d->shards; i++)
        deployment_start(d, i);
}

void deployment_deinit(struct deployment *d)
{
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++) {
        deployment_kill(d, i);
        datagram_queue_clear(&d->slots[i].listener);
        datagram_queue_clear(&d->slots[i].redirected);
    }
    event_queue_deinit(&d->queue);
    ownership_network_deinit(&d->network);
    crypto_free(d->crypto);
}
