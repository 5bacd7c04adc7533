/* test_turn_server.c — construction of the server: which configurations are refused, what a new
 * one says. Its behaviour is told in scenario/. */
#include "unit.h"

#include "server_setup.h"

#include <string.h>

static struct server_setup setup;

static enum err make(const struct turn_config *config)
{
    struct turn_server *server = NULL;
    enum err err = turn_server_new(config, &server);
    if (err == ERR_OK)
        turn_server_free(server);
    else
        assert_null(server); /* untouched on failure */
    return err;
}

/* Each element breaks one rule of the configuration. */
static void broken_rules(void **state)
{
    (void)state;
    server_setup_init(&setup);
    const struct turn_config good = setup.config;
    assert_int_equal(make(&good), ERR_OK);
    struct turn_config bad[20];
    size_t n = 0;
    for (size_t i = 0; i < 20; i++)
        bad[i] = good;
    bad[n].public_v4 = (struct transport_addr){0};
    bad[n++].public_v6 = (struct transport_addr){0};
    bad[n++].lowest_port = 0;
    bad[n++].lowest_port = (uint16_t)(good.highest_port + 1);
    bad[n++].channels_per_allocation = 0;
    bad[n++].channels_per_allocation = 4097;
    bad[n++].max_channels = 0;
    bad[n++].max_lifetime_sec = TURN_DEFAULT_LIFETIME_SEC - 1;
    bad[n++].realm = NULL;
    bad[n++].realm = "";
    bad[n++].realm = "a realm that is longer than this.";
    bad[n++].software = "";
    bad[n++].software = "1234567890123";
    bad[n++].schemes = 0;
    bad[n++].schemes = TURN_SCHEME_STATIC; /* without users */
    bad[n++].secret.len = 0;
    bad[n++].policy = NULL;
    bad[n++].random = NULL;
    bad[n++].counters = NULL;
    for (size_t i = 0; i < n; i++) {
        if (make(&bad[i]) != ERR_RANGE)
            fail_msg("configuration %zu is taken", i);
    }
    turn_server_free(NULL);
}

static void whole_port_range(void **state)
{
    (void)state;
    server_setup_init(&setup);
    setup.config.lowest_port = 1;
    setup.config.highest_port = 65535;
    assert_int_equal(make(&setup.config), ERR_OK);
    assert_int_equal(setup.counters[TURN_COUNT_PORTS_FREE], 65535);
}

static void a_new_server_is_empty(void **state)
{
    (void)state;
    server_setup_init(&setup);
    struct turn_server *server;
    assert_int_equal(turn_server_new(&setup.config, &server), ERR_OK);
    struct turn_command command;
    assert_int_equal(turn_server_allocation_count(server), 0);
    assert_true(mono_time_is_never(turn_server_next_deadline(server)));
    assert_false(turn_server_next_command(server, &command));
    struct turn_now now = {.mono = {.usec = 0}, .wall = {.sec = 0}};
    turn_server_timeout(server, now);
    assert_false(turn_server_next_command(server, &command));
    /* Outcomes and datagrams for relays that never were. */
    struct turn_relay_id nothing = {.index = 3, .generation = 9};
    turn_server_relay_opened(server, now, nothing);
    assert_false(turn_server_next_command(server, &command));
    turn_server_relay_failed(server, now, nothing, TURN_RELAY_PORT_TAKEN, 0);
    assert_false(turn_server_next_command(server, &command));
    uint8_t datagram[8] = {0};
    struct turn_relay relay;
    struct transport_addr peer = test_addr("8.8.8.8:9");
    assert_int_equal(
        turn_server_peer_datagram(server, now, nothing, &peer, datagram + 4, 4, &relay),
        TURN_VERDICT_DROP);
    assert_int_equal(relay.drop, TURN_DROP_RELAY_CLOSED);
    turn_server_free(server);
}

/* The texts of the configuration are copied: the caller may wipe its secret. */
static void configuration_is_copied(void **state)
{
    (void)state;
    char realm[] = "firezone", software[] = "relay-test", secret[] = TEST_SECRET;
    server_setup_init(&setup);
    setup.config.realm = realm;
    setup.config.software = software;
    setup.config.secret = bytes_of_text(secret);
    struct turn_server *server;
    assert_int_equal(turn_server_new(&setup.config, &server), ERR_OK);
    memset(realm, 'x', sizeof(realm) - 1);
    memset(software, 'x', sizeof(software) - 1);
    memset(secret, 'x', sizeof(secret) - 1);
    static const uint8_t allocate[20] = {0, 3, 0, 0, 0x21, 0x12, 0xA4, 0x42};
    struct five_tuple tuple = {.client = test_addr("8.8.8.8:9"),
                               .server = test_addr("203.0.113.9:3478")};
    struct turn_relay relay;
    struct turn_command command;
    struct turn_now now = {.mono = {.usec = 0}, .wall = {.sec = 0}};
    assert_int_equal(
        turn_server_client_datagram(server, now, &tuple,
                                    (struct bytes){.data = allocate, .len = sizeof(allocate)},
                                    TURN_ARRIVAL_FIRST, &relay),
        TURN_VERDICT_CONTROL);
    assert_true(turn_server_next_command(server, &command));
    bool found = false;
    for (size_t i = 0; i + 8 <= command.bytes.len; i++)
        found |= memcmp(command.bytes.data + i, "firezone", 8) == 0;
    assert_true(found);
    assert_false(turn_server_next_command(server, &command));
    turn_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_rules),
        cmocka_unit_test(whole_port_range),
        cmocka_unit_test(a_new_server_is_empty),
        cmocka_unit_test(configuration_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
