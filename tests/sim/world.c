/* world.c — several shards, their clients and peers, and a network between them, in one process. */
#include "world.h"

#include <stdlib.h>

#define MSEC INT64_C(1000)

int64_t world_now(const struct world *world)
{
    return world->shards[0].now.mono.usec;
}

static void add_after(struct world *world, int64_t usec, struct event event, const void *bytes)
{
    event.at_usec = world_now(world) + usec;
    event_queue_add(&world->queue, &event, bytes);
}

void world_send(struct world *world, struct event event, const void *bytes)
{
    struct choices *c = &world->choices;
    if (world->perfect_network) {
        add_after(world, 0, event, bytes);
        return;
    }
    if (chance(c, 8))
        return;
    /* Delays that differ reorder. */
    add_after(world, choose(c, 300) * MSEC, event, bytes);
    if (chance(c, 8))
        add_after(world, choose(c, 2000) * MSEC, event, bytes);
}

/* As the kernel steers: the same five-tuple goes to the same shard. */
static size_t shard_of(const struct world *world, const struct five_tuple *tuple)
{
    static const struct siphash_key key = {.k0 = 1, .k1 = 2};
    return five_tuple_hash(&key, tuple) % world->shard_count;
}

static void remember_relay(struct world *world, size_t shard, struct turn_relay_id id)
{
    size_t at = world->old_relay_count++ % WORLD_OLD_RELAYS;
    world->old_relays[at].shard = shard;
    world->old_relays[at].relay_id = id;
}

static struct opening *opening_of(struct world *world, size_t shard, struct turn_relay_id id)
{
    for (size_t i = 0; i < world->opening_count; i++) {
        struct opening *o = &world->openings[i];
        if (o->shard == shard && o->relay_id.index == id.index &&
            o->relay_id.generation == id.generation)
            return o;
    }
    return NULL;
}

/* How long the shard takes to open a relay: mostly no time, now and then longer than a
 * reservation lasts. */
static int64_t opening_time(struct world *world)
{
    struct choices *c = &world->choices;
    if (!chance(c, 30))
        return 0;
    return chance(c, 95) ? choose(c, 100) * MSEC : 40 * USEC_PER_SEC;
}

/* Carries out what a shard asked for. |cause| is the datagram or the outcome that led to it. */
static void carry_out(struct world *world, size_t shard, const struct event *cause)
{
    struct checked_server *cs = &world->shards[shard];
    for (size_t i = 0; i < cs->seen_count; i++) {
        const struct seen_command *seen = &cs->seen[i];
        const struct turn_command *c = &seen->command;
        switch (c->kind) {
        case TURN_COMMAND_OPEN_RELAY: {
            if (!opening_of(world, shard, c->relay_id)) {
                if (world->opening_count == WORLD_OPENINGS_MAX)
                    abort();
                world->openings[world->opening_count++] =
                    (struct opening){shard, c->relay_id, cause->client, cause->want, cause->honest};
            }
            struct event outcome = {.kind = EVENT_RELAY_OUTCOME,
                                    .shard = shard,
                                    .relay_id = c->relay_id,
                                    .families = c->families};
            add_after(world, opening_time(world), outcome, NULL);
            break;
        }
        case TURN_COMMAND_CLOSE_RELAY:
            remember_relay(world, shard, c->relay_id);
            break;
        case TURN_COMMAND_SEND: {
            const struct test_client *client = &world->actors[cause->client].client;
            const char *wrong = cause->honest
                                    ? client_check_answer(client, &cause->want, world->crypto,
                                                          c->bytes, &seen->answer)
                                    : NULL;
            if (wrong)
                checked_fail(cs, "client %zu: %s", cause->client, wrong);
            if (cause->honest)
                world_send(world,
                           (struct event){.kind = EVENT_TO_CLIENT,
                                          .client = cause->client,
                                          .five_tuple = c->five_tuple,
                                          .len = c->bytes.len},
                           c->bytes.data);
            break;
        }
        case TURN_COMMAND_CLAIM:
        case TURN_COMMAND_RECORD:
        case TURN_COMMAND_FORGET:
            abort(); /* the checked server deals with these */
        }
    }
}

static void to_server(struct world *world, const struct event *event)
{
    size_t shard = shard_of(world, &event->five_tuple);
    struct checked_server *cs = &world->shards[shard];
    struct bytes datagram = {.data = event->bytes + TURN_HEADROOM, .len = event->len};
    checked_client_datagram(cs, &event->five_tuple, datagram, event->trust);
    if (cs->verdict == TURN_VERDICT_CONTROL)
        carry_out(world, shard, event);
    if (cs->verdict != TURN_VERDICT_RELAY)
        return;
    const struct model_allocation *a = model_by_id(&cs->model, cs->relay.relay_id);
    struct event out = {.kind = EVENT_TO_HOST, .to = cs->relay.peer, .len = cs->relay.payload.len};
    out.from = cs->relay.peer.family == IP_FAMILY_V4 ? cs->config.public_v4 : cs->config.public_v6;
    out.from.port = a->port;
    world_send(world, out, cs->relay.payload.data);
}

static void peer_to_relay(struct world *world, size_t shard, struct turn_relay_id id,
                          const struct event *event)
{
    struct checked_server *cs = &world->shards[shard];
    checked_peer_datagram(cs, id, &event->from, event->bytes + TURN_HEADROOM, event->len);
    if (cs->verdict != TURN_VERDICT_RELAY)
        return;
    struct event out = {.kind = EVENT_TO_CLIENT,
                        .five_tuple = cs->relay.five_tuple,
                        .client = WORLD_CLIENTS,
                        .len = cs->relay.payload.len};
    world_send(world, out, cs->relay.payload.data);
}

/* A datagram on the Internet: for one of our relay sockets, or for a peer, who may answer. */
static void to_host(struct world *world, const struct event *event)
{
    for (size_t shard = 0; shard < world->shard_count; shard++) {
        struct checked_server *cs = &world->shards[shard];
        bool v4 = event->to.family == IP_FAMILY_V4;
        const struct transport_addr *own = v4 ? &cs->config.public_v4 : &cs->config.public_v6;
        struct model_allocation *a = model_by_port(&cs->model, event->to.port);
        if (!transport_addr_same_ip(own, &event->to) || !a || a->state == MODEL_OPENING ||
            !(a->families & family_set_of(event->to.family)))
            continue;
        peer_to_relay(world, shard, a->relay_id, event);
        return;
    }
    if (event->len > 0 && chance(&world->choices, 50))
        world_send(world,
                   (struct event){.kind = EVENT_TO_HOST,
                                  .from = event->to,
                                  .to = event->from,
                                  .len = event->len - 1}, /* an echo that ends */
                   event->bytes + TURN_HEADROOM);
}

static void relay_outcome(struct world *world, const struct event *event)
{
    struct choices *c = &world->choices;
    struct checked_server *cs = &world->shards[event->shard];
    struct opening *opening = opening_of(world, event->shard, event->relay_id);
    if (!opening)
        return; /* the shard was killed meanwhile */
    struct event cause = {
        .client = opening->client, .want = opening->want, .honest = opening->honest};
    uint32_t fate = choose(c, 100);
    if (fate < 82)
        checked_opened(cs, event->relay_id);
    else if (fate < 90)
        checked_open_failed(cs, event->relay_id, TURN_RELAY_PORT_TAKEN, 0);
    else if (fate < 96)
        checked_open_failed(cs, event->relay_id, TURN_RELAY_FAMILY_MISSING,
                            (uint8_t)(1 + choose(c, 3)));
    else
        checked_open_failed(cs, event->relay_id, TURN_RELAY_NO_RESOURCES, 0);
    bool retried = cs->seen_count == 1 && cs->seen[0].command.kind == TURN_COMMAND_OPEN_RELAY;
    carry_out(world, event->shard, &cause);
    if (!retried)
        *opening = world->openings[--world->opening_count];
}

/* Its sockets die with it, and the outcomes that it waited for. */
static void kill_shard(struct world *world, size_t shard)
{
    for (size_t i = world->opening_count; i-- > 0;) {
        if (world->openings[i].shard == shard)
            world->openings[i] = world->openings[--world->opening_count];
    }
    size_t kept = 0;
    size_t known =
        world->old_relay_count < WORLD_OLD_RELAYS ? world->old_relay_count : WORLD_OLD_RELAYS;
    for (size_t i = 0; i < known; i++) {
        if (world->old_relays[i].shard != shard)
            world->old_relays[kept++] = world->old_relays[i];
    }
    world->old_relay_count = kept;
    checked_restart(&world->shards[shard]);
}

/* The operator has a client deleted, or a shard drained, or ends that. Or the control plane admits
 * a shard, most of which need no admission. */
static void operator_acts(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    size_t shard = choose(c, (uint32_t)world->shard_count);
    struct checked_server *cs = &world->shards[shard];
    struct event nobody = {.client = 0};
    if (chance(c, 30)) {
        turn_server_admit(cs->server);
        return;
    }
    if (chance(c, 30)) {
        turn_server_set_draining(cs->server, chance(c, 40));
        return;
    }
    while (checked_delete(cs, &world->actors[client].client.tuple.client))
        carry_out(world, shard, &nobody);
}

static void to_client(struct world *world, const struct event *event)
{
    if (event->client == WORLD_CLIENTS || event->len == 0)
        return; /* ChannelData: its header was checked where it was written */
    struct actor *actor = &world->actors[event->client];
    struct answer answer;
    struct bytes datagram = {.data = event->bytes + TURN_HEADROOM, .len = event->len};
    if (!five_tuple_equal(&event->five_tuple, &actor->client.tuple) ||
        answer_read(datagram, &answer) != NULL)
        return;
    client_take_answer(&actor->client, &answer);
    bool deleted =
        answer.method == TURN_REFRESH && answer.class == STUN_SUCCESS && answer.lifetime_sec == 0;
    if (deleted || (answer.error_code == 437 && answer.method != TURN_ALLOCATE))
        actor->client.relayed_v4 = actor->client.relayed_v6 = (struct transport_addr){0};
}

/* Moves all clocks to |usec|; what is due happens. */
static void advance_to(struct world *world, int64_t usec)
{
    int64_t by = usec - world_now(world);
    if (by <= 0)
        return; /* after each input no deadline is due: rules_state */
    for (size_t i = 0; i < world->shard_count; i++)
        checked_advance(&world->shards[i], by);
    for (size_t i = 0; i < world->shard_count; i++) {
        struct event nobody = {.client = 0};
        carry_out(world, i, &nobody);
    }
}

static int64_t next_deadline(const struct world *world)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < world->shard_count; i++) {
        struct mono_time t = turn_server_next_deadline(world->shards[i].server);
        next = t.usec < next ? t.usec : next;
    }
    return next;
}

/* Pauses from nothing to longer than an allocation lives, edges of lifetimes among them. */
static int64_t pause_length(struct world *world)
{
    static const int64_t pauses[] = {0,
                                     0,
                                     1,
                                     10 * MSEC,
                                     100 * MSEC,
                                     USEC_PER_SEC,
                                     5 * USEC_PER_SEC,
                                     29 * USEC_PER_SEC,
                                     30 * USEC_PER_SEC,
                                     60 * USEC_PER_SEC,
                                     299 * USEC_PER_SEC,
                                     300 * USEC_PER_SEC,
                                     599 * USEC_PER_SEC,
                                     600 * USEC_PER_SEC,
                                     900 * USEC_PER_SEC,
                                     3601 * USEC_PER_SEC};
    /* Long ones are rare, so that much happens between them. */
    struct choices *c = &world->choices;
    return pauses[chance(c, 98) ? choose(c, 7) : choose(c, sizeof(pauses) / sizeof(*pauses))];
}

static void act_again(struct world *world, struct event event)
{
    if (world->acts_left == 0 || choices_spent(&world->choices))
        return;
    world->acts_left--;
    add_after(world, pause_length(world), event, NULL);
}

static void handle(struct world *world, const struct event *event)
{
    switch (event->kind) {
    case EVENT_CLIENT_ACTS: {
        if (chance(&world->choices, 1))
            operator_acts(world, event->client);
        actor_act(world, event->client);
        /* The first ones act most, so that they get somewhere. */
        size_t next = choose(&world->choices, 1 + choose(&world->choices, WORLD_CLIENTS));
        act_again(world, (struct event){.kind = EVENT_CLIENT_ACTS, .client = next});
        break;
    }
    case EVENT_PEER_ACTS:
        peer_act(world);
        act_again(world, (struct event){.kind = EVENT_PEER_ACTS});
        break;
    case EVENT_TO_SERVER:
        to_server(world, event);
        break;
    case EVENT_TO_CLIENT:
        to_client(world, event);
        break;
    case EVENT_TO_HOST:
        to_host(world, event);
        break;
    case EVENT_TO_OLD_RELAY:
        peer_to_relay(world, event->shard, event->relay_id, event);
        break;
    case EVENT_SHARD_KILLED:
        kill_shard(world, event->shard);
        act_again(world,
                  (struct event){.kind = EVENT_SHARD_KILLED,
                                 .shard = choose(&world->choices, (uint32_t)world->shard_count)});
        break;
    case EVENT_RELAY_OUTCOME:
        relay_outcome(world, event);
        break;
    case EVENT_OPERATOR_ACTS:
    case EVENT_SHARD_STARTS:
    case EVENT_SHARD_WAKES:
    case EVENT_TROUBLE_ENDS:
        abort(); /* of the other simulation */
    }
}

void world_run(struct world *world)
{
    act_again(world, (struct event){.kind = EVENT_CLIENT_ACTS});
    act_again(world, (struct event){.kind = EVENT_PEER_ACTS});
    if (world->shards[0].config.recorded && chance(&world->choices, 50))
        act_again(world, (struct event){.kind = EVENT_SHARD_KILLED});
    while (world->queue.count > 0) {
        int64_t event_at = event_queue_next(&world->queue);
        int64_t deadline = next_deadline(world);
        if (deadline < event_at) {
            /* An event loop wakes up late now and then, never early. */
            int64_t late = chance(&world->choices, 20) ? choose(&world->choices, 50) * MSEC : 0;
            advance_to(world, deadline + late);
            continue;
        }
        advance_to(world, event_at);
        struct event event = event_queue_take(&world->queue);
        handle(world, &event);
        free(event.bytes);
    }
    for (size_t i = 0; i < world->shard_count; i++)
        checked_let_all_end(&world->shards[i]);
}

void world_deinit(struct world *world)
{
    for (size_t i = 0; i < world->shard_count; i++)
        checked_server_deinit(&world->shards[i]);
    event_queue_deinit(&world->queue);
    crypto_free(world->crypto);
}
