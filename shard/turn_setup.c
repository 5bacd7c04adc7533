/* turn_setup.c — the core's configuration from the options of the relay. */
#include "turn_setup.h"

#include "port_slice.h"
#include "version.h"

#include <stdio.h>

enum {
    /* Channels of all allocations: so many for each on average, and at least what one may
     * have. Only those in use take memory. */
    CHANNELS_FOR_EACH = 16,
};

/* "relay 0.1.0", cut to what fits a small answer. */
static const char *software(void)
{
    static char text[TURN_SOFTWARE_MAX + 1];

    (void)snprintf(text, sizeof(text), "relay %s", relay_version());
    return text;
}

uint8_t relay_families(const struct relay_options *options)
{
    return (uint8_t)(family_set_of(options->public_v4.family) |
                     family_set_of(options->public_v6.family));
}

static struct port_slice slice_of(const struct relay_options *options)
{
    return port_slice_of(options->lowest_port, options->highest_port, options->shards,
                         options->shard);
}

uint32_t slice_allocations(const struct relay_options *options)
{
    struct port_slice slice = slice_of(options);
    uint32_t ports = (uint32_t)slice.highest - slice.lowest + 1;

    return options->max_allocations != 0 && options->max_allocations < ports
               ? options->max_allocations
               : ports;
}

uint32_t host_allocations(const struct relay_options *options)
{
    return (uint32_t)options->highest_port - options->lowest_port + 1;
}

struct turn_config turn_setup_config(const struct relay_options *options,
                                     const struct turn_setup *setup)
{
    struct port_slice slice = slice_of(options);
    uint32_t max_channels = setup->capacity * CHANNELS_FOR_EACH;

    return (struct turn_config){
        .public_v4 = options->public_v4,
        .public_v6 = options->public_v6,
        .lowest_port = slice.lowest,
        .highest_port = slice.highest,
        .shard = options->shard,
        .max_allocations = options->max_allocations,
        .capacity = setup->capacity,
        .channels_per_allocation = options->channels_per_allocation,
        .max_channels = max_channels > options->channels_per_allocation
                            ? max_channels
                            : options->channels_per_allocation,
        .rfc5766_channels = options->rfc5766_channels,
        /* The claims count over all shards; this counts while the registry is away. */
        .user_quota = options->user_quota,
        .recorded = true,
        .awaits_admission = options->portal_url != NULL,
        .max_lifetime_sec = options->max_lifetime_sec,
        .port_rest_sec = options->port_rest_sec,
        .unauthenticated_rate = options->unauthenticated_rate,
        .realm = options->realm,
        .software = software(),
        .schemes = options->schemes,
        .secret = auth_secret_bytes(&options->auth_secret),
        .users = options->users,
        .policy = setup->policy,
        .random = setup->random,
        .random_context = setup->random_context,
        .counters = setup->counters,
    };
}
