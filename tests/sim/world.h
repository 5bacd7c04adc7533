/* world.h — several shards, their clients and peers, and a network between them, in one process.
 *
 *     clients ──lossy network──► steering by five-tuple ──► shard 0 … shard N-1
 *                                                              │  relay sockets
 *     peers   ◄──────────────lossy network────────────────────►┘
 *
 * Time is a number that jumps to the next event or deadline. Everything that is
 * not determined comes from |choices|: the same choices give the same world.
 * Each shard is a checked server, so each step is held against the invariants.
 */
#ifndef RELAY_TESTS_WORLD_H
#define RELAY_TESTS_WORLD_H

#include "choices.h"
#include "event_queue.h"

enum {
    WORLD_SHARDS_MAX = 4,
    WORLD_CLIENTS = 6,
    WORLD_PEERS = 10,
    WORLD_OLD_RELAYS = 16,
    WORLD_OPENINGS_MAX = 64,
};

struct actor {
    struct test_client client;
    bool evil;                   /* signs with a wrong key */
    enum trust trust;            /* of the last request */
    bool honest;                 /* the last request had its own username */
    struct turn_key key_to_sign; /* |client|.key, or a wrong one */
    uint16_t last_number;        /* of its last ChannelBind */
};

struct world {
    struct choices choices;
    struct crypto *crypto;
    struct server_setup setups[WORLD_SHARDS_MAX];
    struct checked_server shards[WORLD_SHARDS_MAX];
    size_t shard_count;
    struct actor actors[WORLD_CLIENTS];
    struct transport_addr peers[WORLD_PEERS];
    struct event_queue queue;
    bool perfect_network; /* nothing is lost, doubled or late */
    size_t acts_left;
    /* Answers that wait for their relay. */
    struct opening {
        size_t shard;
        struct turn_relay_id relay_id;
        size_t client;
        struct want want;
        bool honest;
    } openings[WORLD_OPENINGS_MAX];
    size_t opening_count;
    /* Some that were open once. */
    struct {
        size_t shard;
        struct turn_relay_id relay_id;
    } old_relays[WORLD_OLD_RELAYS];
    size_t old_relay_count;
};

/* world_init makes a world of |shards| shards, the rest of it chosen. |failed| as in
 * checked_server.h. */
void world_init(struct world *world, struct choices choices, size_t shards, bool perfect_network,
                size_t acts, void (*failed)(const char *message));

/* world_run lives through |acts| acts (fewer when a fuzzer's choices are spent), lets what is
 * under way arrive and every lifetime pass, and finds nothing left. */
void world_run(struct world *world);
void world_deinit(struct world *world);

/* For the actors: the time, and a datagram into the network. */
int64_t world_now(const struct world *world);
void world_send(struct world *world, struct event event, const void *bytes);

/* actor.c: one client does one thing; one peer sends one thing. */
void actor_act(struct world *world, size_t client);
void peer_act(struct world *world);

#endif
