/* server_setup.h — the configuration that tests start from, with everything it points to. */
#ifndef RELAY_TESTS_SERVER_SETUP_H
#define RELAY_TESTS_SERVER_SETUP_H

#include "turn_server.h"

/* The first credential vector: secret, username and password of scheme stamp. */
#define TEST_SECRET   "4c98bf59c99b3e467ecd7cf9d6b3e5279645fca59be67bc5bb4af3cf653761ab"
#define TEST_USERNAME "1892160000:n23JJ2wKKtt30oXi"
#define TEST_PASSWORD "00hqldgk5xLeKKOB+xls9mHMVtgqzie9DulfgQwMv68"
#define TEST_REALM    "firezone"
#define TEST_SOFTWARE "relay-test"

/* Wall time at the start of a test, long before TEST_USERNAME expires. */
#define TEST_WALL_SEC UINT64_C(1700000000)

struct server_setup {
    struct turn_config config; /* change before the server is made */
    struct turn_peer_policy policy;
    uint64_t counters[TURN_COUNTER_COUNT];
    uint64_t random_count; /* state of the counting randomness */
};

/*
 * server_setup_init: relayed addresses 203.0.113.9 and 2001:db8::9, ports
 * 50000–50099, all limits small, ports that rest 60 s, schemes stamp and rest,
 * no rate limit, service port 3478. |setup| must stay where it is.
 */
void server_setup_init(struct server_setup *setup);

/* test_addr parses "192.0.2.1:99" or "[2001:db8::1]:99"; aborts on anything else. */
struct transport_addr test_addr(const char *text);

/* counting_random fills |out| from a counter, well mixed: |context| is a uint64_t. */
void counting_random(void *context, uint8_t *out, size_t len);

#endif
