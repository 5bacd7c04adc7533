/* shard_resources.h — what a shard opens before it has an event loop.
 *
 * The counter page, whose lock keeps a second process out; descriptors for its allocations; the
 * listening sockets and the one for other shards, passed (LISTEN_FDS) or its own; the addresses
 * that relay sockets are bound to, and those that are never peers.
 */
#ifndef RELAY_SHARD_RESOURCES_H
#define RELAY_SHARD_RESOURCES_H

#include "counter_page.h"
#include "listener.h"
#include "options.h"
#include "port_map.h"
#include "relay_table.h"
#include "state_dir.h"
#include "turn_peer_policy.h"

#include <stdbool.h>
#include <stdint.h>

struct shard_resources {
    const struct relay_options *options;
    uint8_t families;         /* that have a public address */
    uint32_t max_allocations; /* on the ports of the slice */
    uint32_t capacity;        /* together with restored ones on other ports */
    struct turn_peer_policy policy;
    struct state_dir state_dir;
    struct counter_writer counters;
    struct port_map ports;
    struct listeners listeners;
    int redirect_fd; /* what other shards hand over comes here; -1 when not open */
    struct relay_binding binding;
};

#define SHARD_RESOURCES_NONE                                                                       \
    ((struct shard_resources){.listeners = LISTENERS_NONE,                                         \
                              .redirect_fd = -1,                                                   \
                              .state_dir = STATE_DIR_CLOSED,                                       \
                              .counters.fd = -1})

/* shard_resources_open: false when something is missing, which the log says. Close it then, too.
 * |options| must outlive |ret|. */
bool shard_resources_open(const struct relay_options *options, struct shard_resources *ret);

/* shard_resources_close closes what is open. */
void shard_resources_close(struct shard_resources *resources);

#endif
