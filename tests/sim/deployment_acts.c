/* deployment_acts.c — what clients and operators of a simulated deployment do, at random. */
#include "deployment.h"

#include "wire.h"

#define MSEC INT64_C(1000)

/* Longer than this a pause, or a restart, may cost a lease. */
enum {
    STRICT_PAUSE_MSEC = 2500,
    STRICT_START_MSEC = 1500,
    STRICT_START_LEAST_MSEC = 120,
    STRICT_AWAKE_MSEC = 1000
};

struct transport_addr deployment_peer(unsigned channel)
{
    struct transport_addr peer = test_addr("8.8.4.4:5000");
    peer.port = (uint16_t)(peer.port + channel);
    return peer;
}

/*
 * Clients.
 */

/* To whatever shard: mostly to the one before. */
static void to_some_shard(struct deployment *d, size_t client, struct bytes bytes)
{
    struct caller *caller = &d->callers[client];
    if (chance(&d->choices, 15))
        caller->steered_to = choose(&d->choices, DEPLOYMENT_SHARDS_MAX);
    deployment_send(d,
                    (struct event){.kind = EVENT_TO_SERVER,
                                   .five_tuple = caller->client.tuple,
                                   .shard = caller->steered_to},
                    bytes);
}

static void ask(struct deployment *d, size_t client, uint16_t method, const struct attr *attrs,
                unsigned channel)
{
    struct caller *caller = &d->callers[client];
    struct message message = client_message(&caller->client, method, attrs);
    client_build(&caller->client, d->crypto, &message);
    size_t at = caller->asked_count++ % ASKED_MAX;
    memcpy(caller->asked[at].transaction_id, caller->client.transaction_id,
           STUN_TRANSACTION_ID_LEN);
    caller->asked[at].method = method;
    deployment_say(d, "client %zu asks, method %u", client, method);
    caller->asked[at].channel = channel;
    to_some_shard(
        d, client,
        (struct bytes){.data = caller->client.request, .len = caller->client.request_len});
}

static void allocate(struct deployment *d, size_t client)
{
    if (chance(&d->choices, 50))
        ask(d, client, TURN_ALLOCATE, ATTRS(UDP), 0);
    else
        ask(d, client, TURN_ALLOCATE, ATTRS(UDP, LIFETIME(800)), 0);
}

static void refresh(struct deployment *d, size_t client)
{
    if (chance(&d->choices, 50))
        ask(d, client, TURN_REFRESH, NO_ATTRS, 0);
    else
        ask(d, client, TURN_REFRESH, ATTRS(LIFETIME(850)), 0);
}

static void bind_channel(struct deployment *d, size_t client)
{
    unsigned channel = choose(&d->choices, DEPLOYMENT_CHANNELS);
    ask(d, client, TURN_CHANNEL_BIND,
        ATTRS(CHANNEL(0x4000 + channel), PEER(deployment_peer(channel))), channel);
}

void deployment_send_data(struct deployment *d, size_t client, unsigned channel)
{
    uint8_t datagram[8] = {0};
    wire_store_u16(datagram, (uint16_t)(0x4000 + channel));
    wire_store_u16(datagram + 2, 4);
    to_some_shard(d, client, (struct bytes){.data = datagram, .len = sizeof(datagram)});
}

void deployment_send_back(struct deployment *d, uint16_t port, unsigned channel)
{
    struct event event = {.kind = EVENT_TO_HOST, .from = deployment_peer(channel)};
    event.to.port = port;
    deployment_send(d, event, bytes_of_text("data"));
}

static void send_data(struct deployment *d, size_t client)
{
    unsigned channel = choose(&d->choices, DEPLOYMENT_CHANNELS);
    const struct caller *caller = &d->callers[client];
    deployment_send_data(d, client, channel);
    if (caller->client.relayed_v4.port != 0)
        deployment_send_back(d, caller->client.relayed_v4.port, channel);
}

static void retransmit(struct deployment *d, size_t client)
{
    const struct test_client *self = &d->callers[client].client;
    if (self->request_len > 0)
        to_some_shard(d, client, (struct bytes){.data = self->request, .len = self->request_len});
}

void deployment_client_acts(struct deployment *d, size_t client)
{
    const struct test_client *self = &d->callers[client].client;
    uint32_t what = choose(&d->choices, 100);
    if (self->relayed_v4.port == 0) {
        if (what < 75)
            allocate(d, client);
        else if (what < 85)
            retransmit(d, client);
        else if (what < 92)
            refresh(d, client);
        else
            send_data(d, client);
        return;
    }
    if (what < 45)
        send_data(d, client);
    else if (what < 70)
        bind_channel(d, client);
    else if (what < 83)
        refresh(d, client);
    else if (what < 90)
        retransmit(d, client);
    else if (what < 96)
        ask(d, client, TURN_REFRESH, ATTRS(LIFETIME(0)), 0);
    else
        allocate(d, client);
}

/*
 * The operator, and fate.
 */

static void start_later(struct deployment *d, size_t slot, int64_t msec_max)
{
    /* What a process wrote last arrives before its successor's lease is asked for. */
    int64_t least = d->chapter == CHAPTER_STRICT ? STRICT_START_LEAST_MSEC : 0;
    deployment_after(d, (least + choose(&d->choices, (uint32_t)msec_max)) * MSEC,
                     (struct event){.kind = EVENT_SHARD_STARTS, .shard = slot});
}

static int64_t start_max(const struct deployment *d)
{
    return d->chapter == CHAPTER_STRICT ? STRICT_START_MSEC : 12000;
}

static bool is_well(const struct deployment *d, size_t slot)
{
    const struct slot *s = &d->slots[slot];
    return s->process && s->process->is_ready && !s->is_paused &&
           mono_time_due(mono_time_add_usec(s->woken_at, STRICT_AWAKE_MSEC * MSEC), d->now);
}

static bool are_all_well(const struct deployment *d)
{
    for (size_t i = 0; i < d->shards; i++)
        if (!is_well(d, i))
            return false;
    return true;
}

static void kill_one(struct deployment *d, size_t slot)
{
    if (!d->slots[slot].process)
        return;
    deployment_count(d, DEPLOYMENT_KILLED);
    if (!d->slots[slot].process->is_ready)
        deployment_count(d, DEPLOYMENT_KILLED_WHILE_STARTING);
    deployment_kill(d, slot);
    start_later(d, slot, chance(&d->choices, 70) ? STRICT_START_MSEC : start_max(d));
}

static void pause_one(struct deployment *d, size_t slot)
{
    struct choices *c = &d->choices;
    struct slot *s = &d->slots[slot];
    if (!s->process || s->is_paused)
        return;
    int64_t msec = choose(c, STRICT_PAUSE_MSEC);
    if (d->chapter != CHAPTER_STRICT && chance(c, 70))
        msec = 4000 + choose(c, chance(c, 80) ? 6000 : 40000);
    deployment_count(d, msec > 6000 ? DEPLOYMENT_PAUSED_TOO_LONG : DEPLOYMENT_PAUSED);
    deployment_say(d, "shard %zu is paused for %lld ms", slot, (long long)msec);
    s->is_paused = true;
    s->woken_at = mono_time_add_usec(d->now, msec * MSEC);
    deployment_after(d, msec * MSEC,
                     (struct event){.kind = EVENT_SHARD_WAKES,
                                    .shard = slot,
                                    .serial = s->process->config.serial});
}

/* All stop, another number starts, on sockets of its own. */
static void resize(struct deployment *d)
{
    deployment_count(d, DEPLOYMENT_RESIZED);
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++) {
        deployment_kill(d, i);
        datagram_queue_clear(&d->slots[i].listener);
        datagram_queue_clear(&d->slots[i].redirected);
    }
    d->shards = 1 + choose(&d->choices, DEPLOYMENT_SHARDS_MAX);
    deployment_say(d, "now %u shards", d->shards);
    int64_t most = chance(&d->choices, 70) ? 300 : start_max(d);
    for (size_t i = 0; i < d->shards; i++)
        start_later(d, i, most);
}

static void set_links(struct deployment *d, bool is_up)
{
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++)
        if (d->slots[i].process)
            ownership_model_set_link(d->slots[i].process->ownership, is_up);
}

static void store_goes(struct deployment *d)
{
    struct choices *c = &d->choices;
    if (d->network.is_away)
        return;
    deployment_count(d, DEPLOYMENT_STORE_AWAY);
    deployment_say(d, "the registry goes");
    d->network.is_away = true;
    /* Refused at once, or silent. */
    if (chance(c, 60))
        set_links(d, false);
    deployment_after(d, choose(c, chance(c, 70) ? 3000 : 20000) * MSEC,
                     (struct event){.kind = EVENT_TROUBLE_ENDS});
}

static void link_goes(struct deployment *d, size_t slot)
{
    struct process *process = d->slots[slot].process;
    if (!process)
        return;
    deployment_count(d, DEPLOYMENT_LINK_LOST);
    deployment_say(d, "shard %zu loses the registry", slot);
    ownership_model_set_link(process->ownership, false);
    deployment_after(d, choose(&d->choices, 9000) * MSEC,
                     (struct event){.kind = EVENT_TROUBLE_ENDS,
                                    .shard = slot,
                                    .serial = process->config.serial});
}

void deployment_trouble_ends(struct deployment *d, const struct event *event)
{
    const struct slot *slot = &d->slots[event->shard];
    deployment_say(d, "trouble ends, of process %llu", (unsigned long long)event->serial);
    if (event->serial == 0) {
        if (!d->network.is_away)
            return;
        d->network.is_away = false;
        if (chance(&d->choices, 30)) {
            deployment_count(d, DEPLOYMENT_STORE_EMPTIED);
            store_model_flush(&d->network.store);
        }
        set_links(d, true);
    } else if (slot->process && slot->process->config.serial == event->serial &&
               !d->network.is_away) {
        ownership_model_set_link(slot->process->ownership, true);
    }
}

static void trouble(struct deployment *d, size_t slot)
{
    uint32_t what = choose(&d->choices, 100);
    if (what < 45) {
        store_goes(d);
    } else if (what < 85) {
        link_goes(d, slot);
    } else if (!d->network.is_away) {
        deployment_count(d, DEPLOYMENT_STORE_EMPTIED);
        store_model_flush(&d->network.store);
    }
}

void deployment_operator_acts(struct deployment *d)
{
    struct choices *c = &d->choices;
    size_t slot = choose(c, d->shards);
    uint32_t what = choose(c, 100);
    if (d->chapter == CHAPTER_TROUBLED) {
        d->calm_from = MONO_TIME_NEVER;
        if (chance(c, 50)) {
            trouble(d, slot);
            return;
        }
    }
    if (chance(c, 25)) {
        if (d->slots[slot].process && !d->slots[slot].is_paused)
            deployment_drain(d, slot, !d->slots[slot].is_draining);
        return;
    }
    bool is_strict = d->chapter == CHAPTER_STRICT;
    if (is_strict && !(what < 85 ? is_well(d, slot) : are_all_well(d)))
        return;
    if (what < 45)
        kill_one(d, slot);
    else if (what < 85)
        pause_one(d, slot);
    else
        resize(d);
}

void deployment_heal(struct deployment *d)
{
    deployment_say(d, "all is well");
    d->network.is_away = false;
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++) {
        if (i < d->shards && !d->slots[i].process)
            deployment_after(d, STRICT_START_LEAST_MSEC * MSEC,
                             (struct event){.kind = EVENT_SHARD_STARTS, .shard = i});
        deployment_wake(d, i);
    }
    set_links(d, true);
    if (mono_time_is_never(d->calm_from))
        d->calm_from = mono_time_add_sec(d->now, DEPLOYMENT_SETTLE_SEC);
}
