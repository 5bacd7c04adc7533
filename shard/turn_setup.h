/* turn_setup.h — the core's configuration from the options of the relay. */
#ifndef RELAY_TURN_SETUP_H
#define RELAY_TURN_SETUP_H

#include "options.h"
#include "turn_server.h"

#include <stdint.h>

/* What a shard adds to its options. */
struct turn_setup {
    uint32_t capacity; /* allocations that there is room for, restored ones included; at least 1 */
    const struct turn_peer_policy *policy;
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
    uint64_t *counters;
};

/* relay_families: the set of families that have a public address. */
uint8_t relay_families(const struct relay_options *options);

/* slice_allocations: allocations that shard |options->shard| may have, by its
 * relay ports and --max-allocations. */
uint32_t slice_allocations(const struct relay_options *options);

/* host_allocations: as many as the host has relay ports. A shard can come to own more than its
 * slice: those it had before the slices changed, and those of shards that are no more. */
uint32_t host_allocations(const struct relay_options *options);

/* turn_setup_config: pure. What |options| and |setup| point to must outlive the server. */
struct turn_config turn_setup_config(const struct relay_options *options,
                                     const struct turn_setup *setup);

#endif
