/* fuzz_server.h — the worlds that fuzz_server.c lives through, for the maker of its seeds too. */
#ifndef RELAY_TESTS_FUZZ_SERVER_H
#define RELAY_TESTS_FUZZ_SERVER_H

#include "world.h"

/* Enough to bind, expire and bind again; short enough for many runs a second. */
enum { FUZZ_SERVER_ACTS = 400 };

static inline void fuzz_server_world(struct world *world, struct choices choices)
{
    size_t shards = 1 + choose(&choices, 2);
    bool perfect_network = chance(&choices, 70);
    world_init(world, choices, shards, perfect_network, FUZZ_SERVER_ACTS, NULL);
}

#endif
