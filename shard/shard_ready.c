/* shard_ready.c — logs with what a shard serves. */
#include "shard_ready.h"

#include "log.h"
#include "port_slice.h"
#include "version.h"

#include <stdio.h>

static const char *binding_text(const struct transport_addr *binding,
                                const struct transport_addr *public_addr)
{
    if (binding->family == IP_FAMILY_NONE)
        return NULL;
    return transport_addr_same_ip(binding, public_addr) ? "public address" : "any address";
}

void shard_log_ready(const struct relay_options *options, const struct shard_resources *resources)
{
    struct port_slice slice =
        port_slice_of(options->lowest_port, options->highest_port, options->shards, options->shard);
    const struct relay_binding *binding = &resources->binding;
    char ports[32];

    (void)snprintf(ports, sizeof(ports), "%u-%u", slice.lowest, slice.highest);
    log_event(LOG_LEVEL_INFO, "shard ready", "version", relay_version(), "of",
              LOG_U64(options->shards), "relay_ports", ports, "allocations_that_fit",
              LOG_U64(resources->max_allocations), "ipv4",
              options->public_v4.family ? LOG_ADDR(&options->public_v4) : NULL, "ipv4_bound_to",
              binding_text(&binding->v4, &options->public_v4), "ipv6",
              options->public_v6.family ? LOG_ADDR(&options->public_v6) : NULL, "ipv6_bound_to",
              binding_text(&binding->v6, &options->public_v6), NULL);
}
