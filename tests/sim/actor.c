/* actor.c — what clients and peers of the simulated world do: anything, at random. */
#include "world.h"

#include "stun_integrity.h"
#include "wire.h"

enum { ATTRS_MAX = 12, PAYLOAD_MAX = 40, ROAMING_PORTS = 3 };

/* A list of attributes that grows, with room for the values. */
struct attr_list {
    struct attr attrs[ATTRS_MAX + 1];
    size_t count;
    uint8_t value[32];
};

static void add(struct attr_list *list, struct attr attr)
{
    if (list->count < ATTRS_MAX)
        list->attrs[list->count++] = attr;
}

static uint32_t choose_lifetime(struct choices *c)
{
    static const uint32_t lifetimes[] = {0, 1, 600, 601, 700, 3600, UINT32_MAX};
    return lifetimes[choose(c, 7)];
}

static struct transport_addr choose_peer(struct world *world)
{
    struct choices *c = &world->choices;
    if (!chance(c, 25))
        return world->peers[choose(c, WORLD_PEERS)];
    /* Relay to relay. */
    const struct test_client *other = &world->actors[choose(c, WORLD_CLIENTS)].client;
    if (other->relayed_v6.port != 0 && chance(c, 50))
        return other->relayed_v6;
    return other->relayed_v4.port != 0 ? other->relayed_v4 : world->peers[0];
}

static uint16_t choose_number(struct choices *c)
{
    static const uint16_t odd[] = {0, 0x3FFF, 0x4FFF, 0x5000, 0x7FFF, 0x8000, 0xFFFF};
    return chance(c, 95) ? (uint16_t)(0x4000 + choose(c, 4)) : odd[choose(c, 7)];
}

/* Things that belong nowhere in particular. */
static void add_noise(struct world *world, struct attr_list *list)
{
    struct choices *c = &world->choices;
    if (chance(c, 92))
        return;
    size_t len = choose(c, sizeof(list->value));
    choose_bytes(c, list->value, len);
    static const uint16_t types[] = {STUN_ATTR_SOFTWARE,
                                     STUN_ATTR_DATA,
                                     STUN_ATTR_LIFETIME,
                                     STUN_ATTR_CHANNEL_NUMBER,
                                     STUN_ATTR_EVEN_PORT,
                                     STUN_ATTR_RESERVATION_TOKEN,
                                     STUN_ATTR_XOR_PEER_ADDRESS,
                                     STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
                                     STUN_ATTR_DONT_FRAGMENT,
                                     STUN_ATTR_REQUESTED_TRANSPORT,
                                     0x7F00,
                                     0xFF00};
    add(list, (struct attr)ATTR_OF_BYTES(types[choose(c, 12)], list->value, len));
}

static void add_for_allocate(struct world *world, struct actor *actor, struct attr_list *list)
{
    struct choices *c = &world->choices;
    if (!chance(c, 3))
        add(list, (struct attr)TRANSPORT(chance(c, 97) ? 17 : choose(c, 256)));
    if (chance(c, 40))
        add(list, (struct attr)LIFETIME(choose_lifetime(c)));
    if (chance(c, 15))
        add(list, (struct attr)REQUESTED_FAMILY(1 + choose(c, 2)));
    if (chance(c, 30))
        add(list, (struct attr)ADDITIONAL_FAMILY(chance(c, 90) ? 2 : 1));
    if (chance(c, 20))
        add(list, (struct attr)EVEN_PORT(chance(c, 60)));
    if (chance(c, 15)) {
        const struct test_client *from = &world->actors[choose(c, 2)].client;
        add(list, (struct attr)TOKEN(chance(c, 80) ? from->token : actor->client.token));
    }
    if (chance(c, 10))
        add(list, (struct attr)DONT_FRAGMENT);
}

static void add_for_method(struct world *world, struct actor *actor, uint16_t method,
                           struct attr_list *list)
{
    struct choices *c = &world->choices;
    if (method == TURN_ALLOCATE) {
        add_for_allocate(world, actor, list);
    } else if (method == TURN_REFRESH) {
        if (chance(c, 70))
            add(list, (struct attr)LIFETIME(choose_lifetime(c)));
        if (chance(c, 30))
            add(list, (struct attr)REQUESTED_FAMILY(1 + choose(c, 2)));
    } else if (method == TURN_CHANNEL_BIND) {
        actor->last_number = choose_number(c);
        if (!chance(c, 2))
            add(list, (struct attr)CHANNEL(actor->last_number));
        if (!chance(c, 2))
            add(list, (struct attr)PEER(choose_peer(world)));
    }
}

/* Puts the actor's last request onto the network. */
static void send_request(struct world *world, size_t client)
{
    const struct actor *actor = &world->actors[client];
    struct event event = {.kind = EVENT_TO_SERVER,
                          .five_tuple = actor->client.tuple,
                          .client = client,
                          .trust = actor->trust,
                          .honest = actor->honest,
                          .want = actor->client.want,
                          .len = actor->client.request_len};
    world_send(world, event, actor->client.request);
}

static void ask(struct world *world, size_t client, const struct message *message, enum trust trust,
                bool honest)
{
    struct actor *actor = &world->actors[client];
    client_build(&actor->client, world->crypto, message);
    /* Without a nonce, or without the right key, nothing is authenticated. */
    bool complete = message->nonce.data && message->key && message->username.data;
    actor->trust = complete ? trust : FORGED;
    actor->honest = honest;
    send_request(world, client);
}

static void request(struct world *world, size_t client, uint16_t method)
{
    struct choices *c = &world->choices;
    struct actor *actor = &world->actors[client];
    struct attr_list list = {0}, after = {0};
    add_for_method(world, actor, method, &list);
    add_noise(world, &list);
    list.attrs[list.count].kind = ATTR_END;
    struct message m = client_message(&actor->client, method, list.attrs);
    m.key = &actor->key_to_sign;
    enum trust trust = actor->evil ? FORGED : AUTHENTIC;
    if (chance(c, 5)) {
        m.nonce = bytes_of_text("stale");
        trust = FORGED;
    }
    if (chance(c, 5))
        m.key = NULL;
    if (chance(c, 3))
        m.username = (struct bytes){0};
    if (chance(c, 10)) {
        /* Without integrity in front of it, it is an attribute like others. */
        add(&after, (struct attr)LIFETIME(0));
        after.attrs[after.count].kind = ATTR_END;
        m.after = after.attrs;
    }
    ask(world, client, &m, trust, true);
}

/* What a client does that wants to get somewhere: an allocation, a channel, data. */
static void go_on(struct world *world, size_t client)
{
    static const size_t good_v4[] = {0, 1, 2}, good_v6[] = {4, 5, 6};
    struct choices *c = &world->choices;
    struct actor *actor = &world->actors[client];
    const struct test_client *self = &actor->client;
    enum trust trust = actor->evil ? FORGED : AUTHENTIC;
    struct message m;
    if (self->relayed_v4.port == 0 && self->relayed_v6.port == 0) {
        m = client_message(&actor->client, TURN_ALLOCATE,
                           chance(c, 50) ? ATTRS(UDP) : ATTRS(UDP, ADDITIONAL_FAMILY(2)));
        m.key = &actor->key_to_sign;
        ask(world, client, &m, trust, true);
        return;
    }
    bool v4 = self->relayed_v4.port != 0 && (self->relayed_v6.port == 0 || chance(c, 50));
    actor->last_number = (uint16_t)(0x4000 + choose(c, 6));
    /* A number and its peer belong together, so that binding again is a renewal. */
    size_t which = actor->last_number % 3;
    struct transport_addr peer = world->peers[v4 ? good_v4[which] : good_v6[which]];
    m = client_message(&actor->client, TURN_CHANNEL_BIND,
                       ATTRS(CHANNEL(actor->last_number), PEER(peer)));
    m.key = &actor->key_to_sign;
    ask(world, client, &m, trust, true);
}

/* A request of someone else who shares the five-tuple, such as another program behind it. */
static void other_user(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    static const uint16_t methods[] = {TURN_ALLOCATE, TURN_REFRESH, TURN_CHANNEL_BIND};
    struct actor *actor = &world->actors[client];
    const struct actor *other = &world->actors[choose(c, WORLD_CLIENTS)];
    uint16_t method = methods[choose(c, 3)];
    struct attr_list list = {0};
    add_for_method(world, actor, method, &list);
    list.attrs[list.count].kind = ATTR_END;
    struct message m = client_message(&actor->client, method, list.attrs);
    m.username = bytes_of_text(other->client.username);
    m.key = &other->key_to_sign;
    ask(world, client, &m, other->evil ? FORGED : AUTHENTIC, false);
}

/* No credential, no attribute but those of a class and method. */
static void bare(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    struct actor *actor = &world->actors[client];
    static const uint16_t methods[] = {STUN_BINDING, TURN_ALLOCATE, TURN_REFRESH, TURN_SEND, 2};
    struct message m = client_message(&actor->client, methods[choose(c, 5)], NO_ATTRS);
    m.class = (enum stun_class)(chance(c, 50) ? STUN_REQUEST : choose(c, 4));
    m.username = m.realm = m.nonce = (struct bytes){0};
    m.key = NULL;
    ask(world, client, &m, FORGED, true);
}

static void binding(struct world *world, size_t client)
{
    request(world, client, STUN_BINDING);
}

static void allocate(struct world *world, size_t client)
{
    request(world, client, TURN_ALLOCATE);
}

static void refresh(struct world *world, size_t client)
{
    request(world, client, TURN_REFRESH);
}

static void channel_bind(struct world *world, size_t client)
{
    request(world, client, TURN_CHANNEL_BIND);
}

static void create_permission(struct world *world, size_t client)
{
    request(world, client, TURN_CREATE_PERMISSION);
}

static void unknown_method(struct world *world, size_t client)
{
    static const uint16_t methods[] = {0, 2, TURN_SEND, TURN_DATA, 0x0A, 0x7F};
    request(world, client, methods[choose(&world->choices, 6)]);
}

static void channel_data(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    struct actor *actor = &world->actors[client];
    uint8_t datagram[4 + PAYLOAD_MAX + 4];
    size_t len = choose(c, PAYLOAD_MAX), extra = chance(c, 80) ? 0 : choose(c, 4);
    wire_store_u16(datagram, chance(c, 60) ? actor->last_number : choose_number(c));
    wire_store_u16(datagram + 2, (uint16_t)(chance(c, 97) ? len : len + 1 + extra));
    memset(datagram + 4, 'd', len + extra);
    struct event event = {.kind = EVENT_TO_SERVER,
                          .five_tuple = actor->client.tuple,
                          .client = client,
                          .trust = FORGED,
                          .len = 4 + len + extra};
    world_send(world, event, datagram);
}

/* The last request once more, exactly. */
static void retransmit(struct world *world, size_t client)
{
    if (world->actors[client].client.request_len > 0)
        send_request(world, client);
}

/* The client's last request with a byte changed in what its integrity covers, or cut short. */
static void damage(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    struct test_client *victim = &world->actors[client].client;
    struct stun_message parsed;
    struct bytes whole = {.data = victim->request, .len = victim->request_len};
    if (whole.len == 0 || stun_message_parse(whole, &parsed) != ERR_OK)
        return;
    size_t covered = parsed.integrity_offset ? parsed.integrity_offset + 24 : whole.len;
    if (parsed.integrity_sha256_offset && !parsed.integrity_offset)
        covered = parsed.integrity_sha256_offset + 36;
    uint8_t copy[MESSAGE_MAX];
    memcpy(copy, whole.data, whole.len);
    copy[choose(c, (uint32_t)covered)] ^= (uint8_t)(1 + choose(c, 255));
    struct event event = {.kind = EVENT_TO_SERVER,
                          .five_tuple = victim->tuple,
                          .client = client,
                          .trust = FORGED,
                          .len = chance(c, 80) ? whole.len : choose(c, (uint32_t)whole.len)};
    world_send(world, event, copy);
}

/* Another one's last request, from this client's address: the nonce does not fit. */
static void replay(struct world *world, size_t client)
{
    const struct test_client *from = &world->actors[choose(&world->choices, WORLD_CLIENTS)].client;
    if (from == &world->actors[client].client || from->request_len == 0)
        return;
    struct event event = {.kind = EVENT_TO_SERVER,
                          .five_tuple = world->actors[client].client.tuple,
                          .client = client,
                          .trust = FORGED,
                          .len = from->request_len};
    world_send(world, event, from->request);
}

static void garbage(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    uint8_t datagram[PAYLOAD_MAX];
    size_t len = choose(c, PAYLOAD_MAX);
    choose_bytes(c, datagram, len);
    struct event event = {.kind = EVENT_TO_SERVER,
                          .five_tuple = world->actors[client].client.tuple,
                          .client = client,
                          .trust = FORGED,
                          .len = len};
    if (chance(c, 5))
        event.five_tuple.client.port = 0;
    world_send(world, event, datagram);
}

/* A NAT forgets, or the client moves: another five-tuple, maybe one it had before. */
static void roam(struct world *world, size_t client)
{
    struct choices *c = &world->choices;
    struct five_tuple *tuple = &world->actors[client].client.tuple;
    tuple->client.port = (uint16_t)(4000 + choose(c, ROAMING_PORTS));
    if (tuple->server.family == IP_FAMILY_V4)
        tuple->server.ip[3] = (uint8_t)(9 + choose(c, 2));
}

void actor_act(struct world *world, size_t client)
{
    /* How often each stands here is how likely it is. */
    static void (*const acts[])(struct world *, size_t) = {
        go_on,          go_on,        go_on,        go_on,        go_on,
        go_on,          go_on,        go_on,        allocate,     allocate,
        allocate,       refresh,      refresh,      channel_bind, channel_bind,
        channel_bind,   channel_bind, channel_bind, channel_data, channel_data,
        channel_data,   channel_data, channel_data, channel_data, channel_data,
        channel_data,   channel_data, channel_data, channel_data, channel_data,
        retransmit,     retransmit,   binding,      bare,         create_permission,
        unknown_method, damage,       damage,       replay,       garbage,
        other_user,     roam,
    };
    acts[choose(&world->choices, sizeof(acts) / sizeof(*acts))](world, client);
}

void peer_act(struct world *world)
{
    struct choices *c = &world->choices;
    uint8_t payload[PAYLOAD_MAX];
    struct event event = {.kind = EVENT_TO_HOST, .len = choose(c, PAYLOAD_MAX)};
    memset(payload, 'p', event.len);
    event.from = model_peer(&world->peers[choose(c, WORLD_PEERS)]);
    const struct test_client *to = &world->actors[choose(c, WORLD_CLIENTS)].client;
    event.to = event.from.family == IP_FAMILY_V4 ? to->relayed_v4 : to->relayed_v6;
    if (world->old_relay_count > 0 && chance(c, 15)) {
        size_t known =
            world->old_relay_count < WORLD_OLD_RELAYS ? world->old_relay_count : WORLD_OLD_RELAYS;
        size_t old = choose(c, (uint32_t)known);
        event.kind = EVENT_TO_OLD_RELAY;
        event.shard = world->old_relays[old].shard;
        event.relay_id = world->old_relays[old].relay_id;
    }
    world_send(world, event, payload);
}
