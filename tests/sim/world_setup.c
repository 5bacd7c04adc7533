/* world_setup.c — how a simulated world begins: its configuration, clients and peers. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const peer_texts[WORLD_PEERS] = {
    "8.8.4.4:5000",          "8.8.4.4:5001",     "9.9.9.9:5000",
    "[::ffff:8.8.4.4]:5000", /* the first one in another form */
    "[2600:1::4]:6000",      "[2600:1::4]:6001", "[64:ff9b::8.8.8.8]:7000",
    "10.0.0.1:5000", /* denied */
    "[fe80::1]:5000",        "203.0.113.9:3478",
};

static uint32_t one_of(struct choices *c, const uint32_t *values, size_t count)
{
    return values[choose(c, (uint32_t)count)];
}

#define ONE_OF(c, ...)                                                                             \
    one_of(c, (const uint32_t[]){__VA_ARGS__},                                                     \
           sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* The limits that all shards share, small so that they are met. */
static void choose_config(struct choices *c, struct turn_config *config)
{
    uint32_t families = choose(c, 6);
    if (families == 0)
        config->public_v6 = (struct transport_addr){0};
    if (families == 1)
        config->public_v4 = (struct transport_addr){0};
    config->max_allocations = ONE_OF(c, 0, 0, 1, 3);
    config->channels_per_allocation = ONE_OF(c, 1, 4, 16);
    config->max_channels = ONE_OF(c, 2, 8, 64);
    config->user_quota = ONE_OF(c, 0, 0, 1, 2);
    config->max_lifetime_sec = ONE_OF(c, 600, 3600, 7200);
    config->port_rest_sec = ONE_OF(c, 0, 5, 60);
    config->unauthenticated_rate = ONE_OF(c, 0, 0, 1, 20);
    config->rfc5766_channels = chance(c, 20);
    config->recorded = chance(c, 80);
    if (chance(c, 20))
        config->realm = "the longest realm, of 32 bytes.."; /* the least room for answers */
    config->awaits_admission = chance(c, 10);
}

static void init_shards(struct world *world)
{
    struct choices *c = &world->choices;
    server_setup_init(&world->setups[0]);
    choose_config(c, &world->setups[0].config);
    const struct turn_config chosen = world->setups[0].config;
    uint16_t ports = (uint16_t)ONE_OF(c, 1, 2, 3, 5, 8, 12);
    uint16_t lowest = (uint16_t)(50000 + choose(c, 2));
    for (size_t i = 0; i < world->shard_count; i++) {
        struct server_setup *setup = &world->setups[i];
        server_setup_init(setup);
        const struct turn_config own = setup->config;
        setup->config = chosen;
        setup->config.policy = own.policy;
        setup->config.counters = own.counters;
        setup->config.random_context = own.random_context;
        setup->config.shard = (uint16_t)i;
        setup->config.lowest_port = (uint16_t)(lowest + i * ports);
        setup->config.highest_port = (uint16_t)(lowest + (i + 1) * ports - 1);
        setup->random_count = (uint64_t)i << 32;
        setup->policy.relayed_v4 = chosen.public_v4;
        setup->policy.relayed_v6 = chosen.public_v6;
        setup->policy.lowest_port = lowest;
        setup->policy.highest_port = (uint16_t)(lowest + world->shard_count * ports - 1);
        checked_server_init(&world->shards[i], setup);
    }
}

/* Two clients share a username, one uses the other scheme (no salt: rest alone), one's credential
 * ends soon, one cannot sign. */
static void init_actor(struct world *world, size_t i)
{
    static const char *const usernames[WORLD_CLIENTS] = {TEST_USERNAME,    TEST_USERNAME,
                                                         "1892160000:b",   "1892160000",
                                                         "1700000500:end", "1892160000:evil"};
    struct actor *actor = &world->actors[i];
    char password[TURN_PASSWORD_MAX], at[64];
    struct bytes secret = bytes_of_text(TEST_SECRET), username = bytes_of_text(usernames[i]);
    enum err err = i == 3 ? turn_password_rest(world->crypto, secret, username, password)
                          : turn_password_stamp(world->crypto, secret, username, password);
    if (err != ERR_OK)
        abort();
    const char *realm = world->setups[0].config.realm;
    bool v6 = i % 3 == 2;
    snprintf(at, sizeof(at), v6 ? "[2600:2::%zu]:4000" : "7.7.7.%zu:4000", i + 1);
    client_init(&actor->client, world->crypto, test_addr(at),
                test_addr(v6 ? "[2001:db8::9]:3478" : "203.0.113.9:3478"), usernames[i], password,
                realm);
    actor->evil = i == 5;
    actor->key_to_sign = actor->client.key;
    if (actor->evil)
        actor->key_to_sign.bytes[0] ^= 1;
    actor->client.integrity = (enum integrity)choose(&world->choices, 3);
    actor->client.fingerprint = chance(&world->choices, 50);
    actor->last_number = 0x4000;
}

void world_init(struct world *world, struct choices choices, size_t shards, bool perfect_network,
                size_t acts, void (*failed)(const char *message))
{
    memset(world, 0, sizeof(*world)); /* too large for a value on the stack */
    world->choices = choices;
    world->shard_count = shards;
    world->perfect_network = perfect_network;
    world->acts_left = acts;
    if (crypto_new(&world->crypto) != ERR_OK)
        abort();
    init_shards(world);
    for (size_t i = 0; i < shards; i++)
        world->shards[i].failed = failed;
    for (size_t i = 0; i < WORLD_CLIENTS; i++)
        init_actor(world, i);
    for (size_t i = 0; i < WORLD_PEERS; i++)
        world->peers[i] = test_addr(peer_texts[i]);
}
