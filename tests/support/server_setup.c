/* server_setup.c — the configuration that tests start from, with everything it points to. */
#include "server_setup.h"

#include "choices.h"

#include <stdio.h>
#include <stdlib.h>

struct transport_addr test_addr(const char *text)
{
    struct transport_addr addr;
    if (transport_addr_parse(text, 0, &addr) != ERR_OK) {
        fprintf(stderr, "bad address in a test: %s\n", text);
        abort();
    }
    return addr;
}

void counting_random(void *context, uint8_t *out, size_t len)
{
    uint64_t *count = context;
    struct choices choices = choices_of_seed((*count)++);
    choose_bytes(&choices, out, len);
}

void server_setup_init(struct server_setup *setup)
{
    *setup = (struct server_setup){
        .config =
            {
                .lowest_port = 50000,
                .highest_port = 50099,
                .shard = 1,
                .channels_per_allocation = 16,
                .max_channels = 256,
                .max_lifetime_sec = TURN_MAX_LIFETIME_SEC,
                .port_rest_sec = TURN_PORT_REST_SEC,
                .realm = TEST_REALM,
                .software = TEST_SOFTWARE,
                .recorded = true,
                .schemes = TURN_SCHEME_STAMP | TURN_SCHEME_REST,
                .secret = bytes_of_text(TEST_SECRET),
                .random = counting_random,
            },
        .policy = {.service_ports = {3478}, .service_port_count = 1},
    };
    setup->config.public_v4 = test_addr("203.0.113.9:1");
    setup->config.public_v6 = test_addr("[2001:db8::9]:1");
    setup->config.public_v4.port = 0;
    setup->config.public_v6.port = 0;
    setup->config.policy = &setup->policy;
    setup->config.random_context = &setup->random_count;
    setup->config.counters = setup->counters;
    setup->policy.relayed_v4 = setup->config.public_v4;
    setup->policy.relayed_v6 = setup->config.public_v6;
    setup->policy.lowest_port = setup->config.lowest_port;
    setup->policy.highest_port = setup->config.highest_port;
}
