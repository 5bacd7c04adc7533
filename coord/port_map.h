/* port_map.h — which relay ports a shard has open, in a file that other processes read.
 *
 * One file for each shard, shard-K.ports in the state directory:
 *
 *     header  magic, version, shard
 *     bits    one for each of the 65,536 ports: 1 while the shard has it as a relay port
 *
 * Ports outside the shard's slice, of allocations restored or adopted, are there as well. The
 * shard writes with plain stores when it opens or closes a relay port, never for a packet. A
 * reader needs nothing of the shard: it works while that hangs, and after its end, when the
 * ports are those that the next process will open again.
 */
#ifndef RELAY_PORT_MAP_H
#define RELAY_PORT_MAP_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

enum { PORT_MAP_WORDS = 65536 / 64 };

/* The file, in the order of the machine: it is shared on one host only. */
struct port_map_page {
    uint64_t magic; /* written last: a map without it is being set up */
    uint32_t version;
    uint32_t shard;
    uint64_t words[PORT_MAP_WORDS]; /* port P is bit P % 64 of word P / 64 */
};

/* A map that this process writes. */
struct port_map {
    struct port_map_page *page; /* NULL: closed, and nothing is written */
};

/*
 * port_map_create makes or takes over the map of shard |shard| in |dir| and clears it. Whoever
 * calls holds the counter page of the shard (counter_page.h), so that nobody else writes here.
 * ERR_OK, or ERR_IO with |problem| written: the system refused.
 */
enum err port_map_create(const struct state_dir *dir, uint32_t shard, struct port_map *ret,
                         struct problem *problem) MUST_CHECK;

/* port_map_close unmaps; the file stays. Also when closed already. */
void port_map_close(struct port_map *map);

/* port_map_set notes that |port| is open, or not any more. Costs a store. */
void port_map_set(struct port_map *map, uint16_t port, bool is_open);

/*
 * port_map_read takes a copy of the map of shard |shard| in |dir|. It waits for nobody.
 *
 *   ERR_OK
 *   ERR_NOT_FOUND   no such shard has run here
 *   ERR_UNAVAILABLE it is being set up this very moment
 *   ERR_MALFORMED   no such map, or one of another version of the relay
 *   ERR_IO          the system refused
 * |problem| is written with every error.
 */
enum err port_map_read(const struct state_dir *dir, uint32_t shard, struct port_map_page *ret,
                       struct problem *problem) MUST_CHECK;

/* port_map_has: |port| was open when the copy was taken. */
bool port_map_has(const struct port_map_page *page, uint16_t port);

#endif
